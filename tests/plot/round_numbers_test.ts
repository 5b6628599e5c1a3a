import { assert, assertEquals } from "@std/assert";
import { listLabels, roundBounds } from "../../lib/plot/round_numbers.ts";

Deno.test("listLabels() has a few round numbers for an axis of any length", () => {
  assertEquals(listLabels(1, 1e6), [1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
  assertEquals(listLabels(0.5, 500), [1, 3, 10, 30, 100, 300]);
  assertEquals(listLabels(3, 60), [5, 10, 20, 50]);
  assertEquals(listLabels(0.101, 0.138), [0.11, 0.12, 0.13]);
  for (const [low, high] of [[0, 1], [1, Infinity], [NaN, NaN]]) {
    assertEquals(listLabels(low, high).length, 0);
  }
  for (let high = 1.001; high < 1e15; high *= 1.37) {
    const { length } = listLabels(1, high);
    assert(length >= 2 && length <= 16, `${high}: ${length}`);
  }
});

const SCALES: [number, number, number, number[]][] = [
  [1, 1, 3, [1]],
  [900, 1100, 4, [1000, 1200]],
  [30_000, 2_990_000, 7, [50_000, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6]],
  [30_000, 2_990_000, 5, [30_000, 1e5, 3e5, 1e6, 3e6]],
  [1, 6e10, 4, [1, 10, 100, 1000]],
];

for (const [low, high, most, expected] of SCALES) {
  Deno.test(`roundBounds() gives round bounds for ${low} to ${high} in ${most} rows`, () => {
    assertEquals(roundBounds(low, high, most), expected);
  });
}
