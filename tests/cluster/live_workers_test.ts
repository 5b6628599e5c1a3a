import { assert, assertEquals, assertMatch } from "@std/assert";
import { LiveWorkers, SILENT_MS } from "../../lib/cluster/live_workers.ts";
import type { WorkerState } from "../../lib/stats/snapshot.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { live, statsOf } from "../fixtures/workers.ts";

const LOST_AFTER_MS = 30_000;

/** Workers on a clock of the test's, and what was said of them. */
class Rig {
  nowMs = 1_000;
  readonly out = new Set(["a", "b", "c"]);
  readonly said: string[] = [];
  readonly collected = new Stats();
  readonly workers: LiveWorkers;

  constructor(isAttached = false) {
    this.workers = new LiveWorkers({
      lostAfterMs: LOST_AFTER_MS,
      version: "1.0.0",
      command: "myriad work nats://bus run",
      isOut: (id) => this.out.has(id),
      onNotice: (text) => this.said.push(text),
      now: () => this.nowMs,
    }, isAttached);
  }

  /** Lets time pass in which some workers are heard once a second. */
  pass(seconds: number, ...names: readonly string[]): void {
    for (let k = 0; k < seconds; k++) {
      this.nowMs += 1_000;
      for (const name of names) this.workers.hear(live(name));
      this.workers.look();
    }
  }

  tell(worker: string, id: string, requests: number): void {
    this.workers.hear(live(worker, { open: [{ id, stats: statsOf(requests) }] }));
  }

  /** Collects a slice. */
  collect(id: string, requests: number, worker: string): void {
    this.collected.add(Stats.from(statsOf(requests)).take());
    this.workers.settle(id, { worker, requests });
  }

  get requests(): number {
    return this.workers.addTo(this.collected).requests;
  }

  get states(): Record<string, WorkerState> {
    return Object.fromEntries(this.workers.figures.map(({ name, state }) => [name, state]));
  }
}

Deno.test("LiveWorkers.addTo() counts what is open once, also when it is collected", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.tell("v", "b", 50);
  assertEquals(rig.requests, 350);
  // The worker does not name a slice that it has committed, whose part is still to be read.
  rig.tell("w", "c", 1);
  assertEquals(rig.requests, 351);
  rig.collect("a", 400, "w");
  assertEquals(rig.requests, 451);
  assertEquals(rig.collected.requests, 400);
  rig.workers.end();
  assertEquals(rig.requests, 400);
});

Deno.test("LiveWorkers.addTo() keeps what was told of a slice that has not changed", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.workers.hear(live("w", { open: [{ id: "a" }] }));
  assertEquals(rig.requests, 300);
});

Deno.test("LiveWorkers.addTo() leaves out slices that are not out, whoever tells of them", () => {
  const rig = new Rig();
  rig.tell("w", "unknown", 1_000);
  assertEquals(rig.requests, 0);
});

Deno.test("LiveWorkers counts the worker that is furthest if two do the same slice", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.tell("v", "a", 10);
  assertEquals(rig.requests, 300);
  rig.tell("v", "a", 310);
  assertEquals(rig.requests, 310);
  rig.tell("w", "a", 305);
  assertEquals(rig.requests, 310);
});

Deno.test("LiveWorkers counts a worker as silent, then as gone with all that it had open", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.tell("v", "b", 50);
  rig.pass(SILENT_MS / 1_000 + 1, "v");
  assertEquals(rig.states, { w: "silent", v: "busy" });
  assertEquals([rig.requests, rig.workers.activity.inFlight], [350, 10]);
  assertEquals(rig.said, []);
  rig.pass(LOST_AFTER_MS / 1_000, "v");
  assertEquals(rig.states, { w: "gone", v: "busy" });
  assertEquals(rig.requests, 50);
  assertEquals(rig.said.length, 1);
  assertMatch(rig.said[0], /^worker w is gone: nothing was heard of it for 3\d s; others get/);
  // It was stopped, and not dead.
  rig.tell("w", "c", 20);
  assertEquals(rig.states, { w: "busy", v: "busy" });
  assertEquals(rig.requests, 70);
});

Deno.test("LiveWorkers counts nobody as gone while nobody is heard: the bus is away", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.tell("v", "b", 50);
  rig.pass(2 * LOST_AFTER_MS / 1_000);
  assertEquals(rig.states, { w: "silent", v: "silent" });
  assertEquals(rig.requests, 350);
  rig.tell("w", "a", 301);
  rig.workers.look();
  assertEquals(rig.states, { w: "busy", v: "silent" });
  assertEquals(rig.requests, 351);
});

Deno.test("LiveWorkers keeps what a worker committed before it left", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.workers.hear(live("w", { isShut: true }));
  rig.pass(2, "v");
  assertEquals(rig.states, { w: "left", v: "busy" });
  assertEquals(rig.requests, 300);
  assertEquals(rig.workers.heard.map(({ worker }) => worker), ["v"]);
});

Deno.test("LiveWorkers drops what a worker gives back, since it could reach nothing", () => {
  const rig = new Rig();
  rig.tell("w", "a", 300);
  rig.workers.hear(live("w", { isShut: true, gaveUp: "the host is down" }));
  rig.workers.look();
  assertEquals(rig.requests, 0);
});

Deno.test("LiveWorkers remembers engines, processor time, memory and shortages of all", () => {
  const rig = new Rig();
  const shortages = { "no local port left": 2 };
  const activity = { inFlight: 1, retrying: 2, held: 3, paused: 0, shortages };
  rig.workers.hear(live("w", { engine: "http2", peakRssKb: 7, cpuSeconds: 3, activity }));
  rig.pass(40, "v");
  assertEquals(rig.states, { w: "gone", v: "busy" });
  assertEquals(rig.workers.engine, { name: "http1+http2", transport: "portable" });
  assertEquals(rig.workers.usage, { cpuSeconds: 5, peakRssKb: 100_000 });
  assertEquals(rig.workers.most, 2);
  assertEquals(rig.workers.activity, {
    inFlight: 10,
    retrying: 0,
    held: 0,
    paused: 0,
    shortages,
  });
});

Deno.test("LiveWorkers counts threads of one process as several workers with one processor time", () => {
  const rig = new Rig();
  for (const name of ["p-0", "p-1", "q-0", "r"]) rig.workers.hear(live(name, { cpuSeconds: 3 }));
  assertEquals([rig.workers.most, rig.workers.mostProcesses], [4, 3]);
  assertEquals(rig.workers.usage.cpuSeconds, 9);
});

Deno.test("LiveWorkers does not count again what workers used before a resume", () => {
  const rig = new Rig(true);
  rig.workers.hear(live("w", { cpuSeconds: 100 }));
  rig.workers.hear(live("w", { cpuSeconds: 101.5 }));
  assertEquals(rig.workers.usage.cpuSeconds, 1.5);
});

Deno.test("LiveWorkers says a notice once, however often and by however many it is told", () => {
  const rig = new Rig();
  const notices = [{ k: 0, text: "pausing every host (timeout: 500 ms)" }];
  rig.workers.hear(live("w", { notices }));
  rig.workers.hear(live("w", { notices }));
  rig.workers.hear(
    live("v", { notices: [{ k: 0, text: "pausing every host (timeout: 501 ms)" }] }),
  );
  assertEquals(rig.said, ["worker w: pausing every host (timeout: 500 ms)"]);
  rig.pass(15, "w", "v");
  rig.workers.hear(live("w", { notices: [{ ...notices[0], k: 1 }] }));
  assertEquals(rig.said.length, 2);
});

Deno.test("LiveWorkers says a bounded number of notices", () => {
  const rig = new Rig();
  for (let k = 0; k < 1_000; k++) {
    const text = `host ${String.fromCharCode(97 + k % 26).repeat(1 + k / 26)} is paused`;
    rig.workers.hear(live("w", { notices: [{ k, text }] }));
  }
  assertEquals(rig.said.length, 50);
  assertMatch(rig.said[49], /more of the workers is not told$/);
});

Deno.test("LiveWorkers says once that no worker has come, or that none is heard of", () => {
  const rig = new Rig();
  rig.pass(9);
  assertEquals(rig.said, []);
  rig.pass(20);
  assertEquals(rig.said, [
    "no worker has come yet: start workers by 'myriad work nats://bus run'",
  ]);
  rig.pass(1, "w");
  rig.pass(20);
  assertEquals(rig.said.slice(1), [
    "a worker is here",
    "no worker is heard of: if all are gone, start others by 'myriad work nats://bus run'",
  ]);
});

Deno.test("LiveWorkers.look() calls nobody missing after its own process was stopped", () => {
  const rig = new Rig();
  rig.pass(1, "w");
  rig.nowMs += 40_000;
  rig.workers.look();
  rig.pass(9);
  assertEquals(rig.said, []);
});

Deno.test("LiveWorkers.refuse() says once that a worker has another version or key", () => {
  const rig = new Rig();
  for (const version of ["1.0.1", "1.0.0", "1.0.1", "1.0.0"]) rig.workers.refuse(version);
  assertEquals(rig.said.length, 2);
  assertMatch(rig.said[0], /^a worker of myriad 1\.0\.1 has come, and this is myriad 1\.0\.0/);
  assertMatch(rig.said[1], /--cluster-key/);
});

Deno.test("LiveWorkers knows a bounded number of workers, and keeps those that are here", () => {
  const rig = new Rig();
  for (let k = 0; k < 1_500; k++) rig.workers.hear(live(`left${k}`, { isShut: true }));
  assertEquals(rig.workers.figures.length, 1_000);
  assertEquals(rig.workers.usage.cpuSeconds, 3_000);
  for (let k = 0; k < 1_500; k++) rig.workers.hear(live(`w${k}`));
  assertEquals(rig.workers.figures.length, 1_000);
  assert(rig.workers.figures.every(({ state }) => state === "busy"));
});

Deno.test("LiveWorkers.figures has what was collected from each worker", () => {
  const rig = new Rig();
  rig.workers.hear(live("w", { open: [{ id: "a" }, { id: "b" }] }));
  rig.collect("a", 400, "w");
  rig.collect("b", 100, "w");
  rig.collect("c", 1, "unknown");
  const [figures] = rig.workers.figures;
  assertEquals(figures, {
    name: "w",
    state: "busy",
    rate: 100,
    inFlight: 10,
    open: 2,
    loopBusy: 0.5,
    rssBytes: 90e6,
    requests: 500,
    slices: 2,
    peakRssKb: 100_000,
    cpuSeconds: 2,
  });
});
