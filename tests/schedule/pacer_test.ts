import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Pacer } from "../../lib/schedule/pacer.ts";

/** When the first so many starts are due. */
function dues(pace: Pacer, count: number): number[] {
  return Array.from({ length: count }, () => {
    const { dueMs } = pace;
    pace.advance();
    return dueMs;
  });
}

Deno.test("Pacer is even from its first start", () => {
  assertEquals(dues(new Pacer({ rate: 4 }, 100), 4), [100, 350, 600, 850]);
});

for (const rate of [0.5, 500, 100_000]) {
  Deno.test(`Pacer does not drift at ${rate}/s`, () => {
    const pace = new Pacer({ rate }, 5);
    for (let k = 0; k < 1_000_000; k++) pace.advance();
    assertAlmostEquals(pace.dueMs, 5 + 1_000_000 * 1000 / rate, 1e-3);
  });
}

Deno.test("Pacer rises evenly to its rate over the ramp", () => {
  const all = dues(new Pacer({ rate: 100, rampUpMs: 10_000 }, 0), 700);
  // The area under the ramp: 100/s * t^2 / 20 s.
  const within = (ms: number): number => all.filter((due) => due < ms).length;
  assertEquals([within(1_000), within(5_000), within(10_000)], [5, 125, 500]);
  assertEquals(all[500], 10_000);
  assertAlmostEquals(all[501] - all[500], 10, 1e-6);
  assert(all.every((due, k) => k === 0 || due > all[k - 1]));
});

Deno.test("Pacer.skipTo() postpones due starts, and does not catch up", () => {
  const pace = new Pacer({ rate: 10 }, 0);
  assertEquals(dues(pace, 2), [0, 100]);
  pace.skipTo(1_050);
  assertEquals(dues(pace, 3), [1_050, 1_150, 1_250]);
  // Never earlier.
  pace.skipTo(0);
  assertEquals(dues(pace, 1), [1_350]);
});
