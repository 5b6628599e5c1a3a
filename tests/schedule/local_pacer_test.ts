import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { LocalPacer } from "../../lib/schedule/local_pacer.ts";

/** When the first so many starts are due. */
function dues(pace: LocalPacer, count: number, nowMs = 0): number[] {
  pace.claim(nowMs);
  return Array.from({ length: count }, () => {
    const { dueMs } = pace;
    pace.advance();
    return dueMs;
  });
}

Deno.test("LocalPacer is even from its first start", () => {
  assertEquals(dues(new LocalPacer({ rate: 4 }), 4, 100), [100, 350, 600, 850]);
});

for (const rate of [0.5, 500, 100_000]) {
  Deno.test(`LocalPacer does not drift at ${rate}/s`, () => {
    const pace = new LocalPacer({ rate });
    pace.claim(5);
    for (let k = 0; k < 1_000_000; k++) pace.advance();
    assertAlmostEquals(pace.dueMs, 5 + 1_000_000 * 1000 / rate, 1e-3);
  });
}

Deno.test("LocalPacer rises evenly to its rate over the ramp", () => {
  const all = dues(new LocalPacer({ rate: 100, rampUpMs: 10_000 }), 700);
  // The area under the ramp: 100/s * t^2 / 20 s.
  const within = (ms: number): number => all.filter((due) => due < ms).length;
  assertEquals([within(1_000), within(5_000), within(10_000)], [5, 125, 500]);
  assertEquals(all[500], 10_000);
  assertAlmostEquals(all[501] - all[500], 10, 1e-6);
  assert(all.every((due, k) => k === 0 || due > all[k - 1]));
});

Deno.test("LocalPacer.claim() puts off due starts after idle time, and does not catch up", () => {
  const pace = new LocalPacer({ rate: 10 });
  assertEquals(dues(pace, 2), [0, 100]);
  pace.rest();
  assertEquals(dues(pace, 3, 1_050), [1_050, 1_150, 1_250]);
  // Never earlier.
  pace.rest();
  assertEquals(dues(pace, 1), [1_350]);
  // What is not idle catches up.
  assertEquals(dues(pace, 1, 9_000), [1_450]);
});

Deno.test("LocalPacer.nextInBurst() lets so many start in a millisecond", () => {
  const pace = new LocalPacer({ rate: 10 });
  const start = (nowMs: number): number => {
    const atMs = pace.nextInBurst(2, nowMs);
    if (atMs === nowMs) pace.advance();
    return atMs;
  };
  assertEquals([10, 10.5, 10.9, 11, 11.5, 11.6].map(start), [10, 10.5, 11, 11, 11.5, 12]);
});
