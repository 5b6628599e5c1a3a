import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { EventLoopLoad } from "../../lib/process/event_loop_load.ts";

/** Looks at a loop whose thread had so much of each half second, when its timer came so late. */
function busyAfter(looks: readonly (readonly [passedMs: number, cpuMs: number])[]): number {
  let [now, cpu] = [1_000, 50];
  const meter = new EventLoopLoad({ now: () => now, cpu: () => cpu });
  for (const [passedMs, cpuMs] of looks) {
    now += passedMs;
    cpu += cpuMs;
    meter.sample();
  }
  return meter.busy;
}

const LOOPS: [string, [passedMs: number, cpuMs: number][], number][] = [
  ["it had no time to look", [], 0],
  ["nothing passed", [[0, 0]], 0],
  ["its thread rests", [[500, 0]], 0],
  ["its thread has half of the time", [[500, 250]], 0.5],
  ["its thread never rests", [[500, 500], [500, 500]], 1],
  ["the clocks' steps make it more than all", [[500, 510]], 1],
  ["it could not run though it wanted to", [[1_000, 100]], 0.5],
  ["a clock goes back", [[500, -10]], 0],
  ["it was busy half a second ago, and is not now", [[500, 500], [500, 0]], 0.5],
];

for (const [when, looks, busy] of LOOPS) {
  Deno.test(`EventLoopLoad.busy is ${busy} when ${when}`, () =>
    assertEquals(busyAfter(looks), busy));
}

Deno.test("EventLoopLoad tells a busy loop from an idle one", () => {
  const busy = new EventLoopLoad();
  const start = performance.now();
  while (performance.now() - start < 700);
  busy.sample();
  // Where others take the processor, the timer that it had would have come late.
  assert(busy.busy > 0.2, `${busy.busy}`);
});

Deno.test("EventLoopLoad's clock counts a worker's time for the worker alone", async () => {
  const busyMicros = 100_000;
  const code = `
    import process from "node:process";
    const cpu = () => { const { user, system } = process.threadCpuUsage(); return user + system; };
    const start = cpu();
    while (cpu() - start < ${busyMicros});
    postMessage("done");`;
  const cpu = (): number => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  const start = cpu();
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  worker.terminate();
  assert(cpu() - start < busyMicros, `${cpu() - start}`);
});

Deno.test("EventLoopLoad.stop() leaves nothing running", () => {
  const meter = new EventLoopLoad();
  meter.start();
  meter.stop();
  assertEquals(meter.busy <= 1, true);
});
