import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readProcess } from "../../bench/process_figures.ts";
import { DelayLog } from "../../bench/delay_log.ts";
import { NumberSet } from "../../bench/number_set.ts";
import { toPart } from "../../bench/soak/part.ts";
import type { SoakSample } from "../../bench/soak/run.ts";

Deno.test("NumberSet tells what is missing and what came twice", () => {
  const numbers = new NumberSet();
  for (const number of [0, 1, 3, 3, 8, 600_000, 0]) numbers.add(number);
  assertEquals([numbers.size, numbers.repeats], [5, 2]);
  assertEquals([numbers.countMissing(4), numbers.countMissing(9)], [1, 5]);
  assertEquals(numbers.countMissing(10_000_000), 9_999_995);
  for (const number of [-1, 0.5, NaN, 2 ** 40]) assertThrows(() => numbers.add(number), RangeError);
});

Deno.test("DelayLog sums up lines, however they are cut", async () => {
  const text = "Listening on http://127.0.0.1:1/\n" +
    '{"n":0,"path":"/5","delay_ms":100,"ms":101.5}\n{"n":1,"path":"/0","delay_ms":7,"ms":8}\n';
  for (const length of [1, 10, text.length]) {
    const log = new DelayLog();
    const pieces = text.match(new RegExp(`[^]{1,${length}}`, "g"))!;
    await log.read(ReadableStream.from(pieces).pipeThrough(new TextEncoderStream()));
    assertEquals(log.served, { count: 2, drawnMs: 107, heldMs: 109.5 });
    assertEquals([log.numbers.size, log.numbers.countMissing(6)], [2, 4]);
  }
  const endless = ReadableStream.from(["x".repeat(2_000)]).pipeThrough(new TextEncoderStream());
  await assertRejects(() => new DelayLog().read(endless), Error, "too long");
});

Deno.test("toPart() compares what a part of the time took", () => {
  const sample = (seconds: number): SoakSample => ({
    seconds,
    done: seconds * 100,
    inFlight: 150,
    latencySeconds: seconds * 100 * 1.51,
    ownLateSeconds: seconds * 100 * 0.000_2,
    ownLateMaxSeconds: 1,
    residentKb: (100 + seconds) * 1024,
    peakKb: 1,
    descriptors: 20,
    cpuSeconds: seconds * 0.003,
    serverCpuSeconds: seconds * 0.004,
    count: seconds * 100,
    drawnMs: seconds * 100 * 1_500,
    heldMs: seconds * 100 * 1_501,
    load: 2,
  });
  const part = toPart([...Array(20).keys()].map(sample), { from: 5, to: 15 })!;
  const expected = {
    residentMb: 110,
    descriptors: 20,
    perSecond: 100,
    cpuMicros: 30,
    inFlight: 150,
    drawnMs: 1_500,
    heldMs: 1_501,
    addedMs: 9,
    ownLateMs: 0.2,
    serverCpuMicros: 40,
    cpuByServer: 0.75,
    load: 2,
  };
  for (const [name, value] of Object.entries(expected)) {
    assertAlmostEquals(part[name as keyof typeof part]!, value, 1e-6, name);
  }
  assertEquals(toPart([sample(1)], { from: 0, to: 9 }), undefined);
});

Deno.test({
  name: "readProcess() reads what Linux says of a process",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { cpuSeconds, residentKb, peakKb, descriptors } = await readProcess(Deno.pid);
    assert(cpuSeconds > 0 && residentKb > 10_000 && peakKb >= residentKb && descriptors > 3);
    await assertRejects(() => readProcess(2 ** 30), Deno.errors.NotFound);
  },
});
