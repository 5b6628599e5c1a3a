import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { addCounts, Histogram, takeCounts } from "../../lib/stats/histogram.ts";

const PERCENTILES = [0, 1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The value at a rank, by sorting; the rank in whole numbers, so that nothing is rounded. */
function exactly(sorted: readonly number[], percentile: number): number {
  const hundredths = BigInt(Math.round(percentile * 100)) * BigInt(sorted.length);
  const rank = Number((hundredths + 9999n) / 10000n);
  return sorted[Math.max(1, rank) - 1];
}

const DISTRIBUTIONS: [string, (next: () => number) => number][] = [
  ["even to 3 s", (next) => Math.floor(next() * 3_000_001)],
  ["even to 300 us", (next) => Math.floor(next() * 301)],
  ["exponential", (next) => Math.round(-Math.log(1 - next()) * 20_000)],
  ["log-normal over all magnitudes", (next) => Math.floor(2 ** (next() * 36))],
  ["two far peaks", (next) => next() < 0.99 ? 500 : 30_000_000],
  ["all alike", () => 123_457],
];

for (const [what, draw] of DISTRIBUTIONS) {
  Deno.test(`Histogram agrees with sorting when values are ${what}`, () => {
    for (const size of [1, 2, 99, 1000, 20_000]) {
      const next = random(size);
      const values = Array.from({ length: size }, () => draw(next));
      const sorted = values.toSorted((a, b) => a - b);
      const histogram = histogramOf(values);
      const sum = values.reduce((sum, value) => sum + value, 0);
      const mean = sum / size;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
      assertEquals(
        [histogram.count, histogram.min, histogram.max, histogram.sum, histogram.mean],
        [size, sorted[0], sorted[size - 1], sum, mean],
      );
      assertAlmostEquals(histogram.stddev, Math.sqrt(variance), mean * 1e-6 + 1e-9);
      for (const [index, found] of histogram.percentiles(PERCENTILES).entries()) {
        const exact = exactly(sorted, PERCENTILES[index]);
        assert(found >= exact, `p${PERCENTILES[index]} of ${size}: ${found} < ${exact}`);
        assert(found - exact <= exact / 128, `p${PERCENTILES[index]} of ${size}: ${found}`);
        assert(found <= histogram.max);
      }
    }
  });
}

Deno.test("Histogram keeps a bound of 1/128 at both edges of every slot", () => {
  // A greater value than the one asked for, so that the greatest does not hide the slot's end.
  const highestFor = (value: number): number => {
    const histogram = histogramOf([value, 2 ** 36 - 1]);
    return histogram.percentile(50);
  };
  let lowest = 0;
  let slots = 0;
  while (lowest < 2 ** 36 - 2 ** 28) {
    const highest = highestFor(lowest);
    assertEquals(highestFor(highest), highest);
    assert(highest - lowest < lowest / 128 || highest === lowest, `${lowest} to ${highest}`);
    lowest = highest + 1;
    slots++;
  }
  // 256 of width 1, 28 times 128, less the last one.
  assertEquals(slots, 256 + 28 * 128 - 1);
});

Deno.test("Histogram knows values to 255 us exactly", () => {
  const histogram = histogramOf(Array.from({ length: 256 }, (_, value) => value));
  for (let value = 0; value < 256; value++) {
    assertEquals(histogram.percentile((value + 1) / 256 * 100), value);
  }
});

Deno.test("Histogram.percentile() finds the exact rank when the product is inexact", () => {
  // 99.9 * 41000 / 100 is 40959.00000000001, and 99.9 / 100 * 1000 is 999.0000000000001.
  for (const size of [1000, 3000, 41_000, 328_000]) {
    const histogram = new Histogram();
    for (let i = 0; i < size / 1000 * 999; i++) histogram.record(1);
    while (histogram.count < size) histogram.record(200);
    assertEquals(histogram.percentiles([99.9, 100]), [1, 200]);
  }
  for (let percentile = 1; percentile <= 100; percentile++) {
    const hundred = histogramOf(Array.from({ length: 100 }, (_, i) => i + 1));
    assertEquals(hundred.percentile(percentile), percentile);
  }
});

Deno.test("Histogram counts too large values in the last slot, and keeps the maximum", () => {
  const histogram = histogramOf([1, 2 ** 36, 2 ** 40]);
  assertEquals([histogram.count, histogram.min, histogram.max], [3, 1, 2 ** 40]);
  assertEquals(histogram.percentiles([33, 50, 100]), [1, 2 ** 40, 2 ** 40]);
  assertEquals(histogram.sum, 1 + 2 ** 36 + 2 ** 40);
});

Deno.test("Histogram rounds so that no percentile is below the minimum", () => {
  const histogram = histogramOf([12.7, 12.7, 12.6]);
  assertEquals([histogram.min, histogram.percentile(50), histogram.max], [13, 13, 13]);
});

Deno.test("Histogram counts an invalid duration as 0", () => {
  const histogram = histogramOf([-1, NaN, -0, 0.2]);
  assertEquals([histogram.count, histogram.min, histogram.max, histogram.sum], [4, 0, 0, 0]);
  assertEquals([histogram.percentile(100), histogram.stddev], [0, 0]);
});

Deno.test("Histogram gives 0 for everything when it is empty", () => {
  const histogram = new Histogram();
  const { count, min, max, sum, mean, stddev } = histogram;
  assertEquals({ count, min, max, sum, mean, stddev }, {
    count: 0,
    min: 0,
    max: 0,
    sum: 0,
    mean: 0,
    stddev: 0,
  });
  assertEquals(histogram.percentiles(PERCENTILES), PERCENTILES.map(() => 0));
});

Deno.test("Histogram.stddev is 0, not NaN, when all values are alike", () => {
  const histogram = new Histogram();
  // Of these the mean of the squares is a little less than the square of the mean.
  for (let i = 0; i < 1_000; i++) histogram.record(3_006_953);
  assertEquals(histogram.stddev, 0);
});

Deno.test("Histogram.add() gives the same as one histogram of all values", () => {
  const next = random(7);
  const parts = [1000, 0, 1, 500].map((size) =>
    Array.from({ length: size }, () => Math.floor(2 ** (next() * 37)))
  );
  const merged = new Histogram();
  for (const part of parts) merged.add(histogramOf(part));
  const all = histogramOf(parts.flat());
  // The squares go past 2^53, so their sum depends on the order in its last digits.
  assertAlmostEquals(merged.stddev, all.stddev, all.stddev * 1e-12);
  assertEquals({ ...merged.toJSON(), sumOfSquares: 0 }, { ...all.toJSON(), sumOfSquares: 0 });
  assertEquals(merged.count, 1501);
});

Deno.test("takeCounts() gives what came since the last call, in the slots that are not empty", () => {
  const next = random(8);
  const [histogram, sum, all] = [new Histogram(), new Histogram(), new Histogram()];
  for (const size of [1000, 0, 1, 500]) {
    for (let k = 0; k < size; k++) {
      // Whole numbers of so few digits that sums of their squares are exact.
      const value = Math.floor(2 ** (next() * 20));
      histogram.record(value);
      all.record(value);
    }
    const delta = takeCounts(histogram);
    assert(delta.counts.length <= 2 * size && delta.counts.every((count) => count > 0), `${size}`);
    addCounts(sum, structuredClone(delta));
    assertEquals(sum.toJSON(), all.toJSON());
    assertEquals(histogram.toJSON(), new Histogram().toJSON());
  }
});

Deno.test("Histogram.from() restores what toJSON() gave", () => {
  for (const values of [[], [0], [5, 5, 70_000, 2 ** 36, 2 ** 41]]) {
    const before = histogramOf(values);
    const after = Histogram.from(JSON.parse(JSON.stringify(before)));
    assertEquals(after.toJSON(), before.toJSON());
    for (const histogram of [before, after]) histogram.record(777);
    assertEquals(after.toJSON(), before.toJSON());
    assertEquals([after.count, after.min], [values.length + 1, Math.min(777, ...values)]);
  }
});

Deno.test("Histogram.from() keeps each count when a state's extremes do not fit", () => {
  const state = histogramOf([100, 1_000, 100_000]).toJSON();
  for (const [min, max] of [[5_000, 200], [1_000, 1_000], [0, 2 ** 40]]) {
    const histogram = Histogram.from({ ...state, min, max });
    assertEquals(histogram.toJSON().counts, state.counts);
    assertEquals([...histogram.buckets()].map(([, count]) => count), [1, 1, 1]);
    assertEquals(histogram.percentile(0), 100);
  }
});

Deno.test("Histogram.clone() is not changed by later values", () => {
  const histogram = histogramOf([3, 70_000, 2 ** 40]);
  const clone = histogram.clone();
  assertEquals(clone.toJSON(), histogram.toJSON());
  histogram.record(1);
  assertEquals([clone.count, clone.min], [3, 3]);
  assertEquals(new Histogram().clone().toJSON(), new Histogram().toJSON());
});

Deno.test("Histogram.diff() gives what was recorded since the clone", () => {
  const next = random(11);
  const draw = (): number => Math.floor(2 ** (next() * 36));
  for (const [before, after] of [[0, 0], [0, 1], [5, 0], [5, 1], [1000, 1000], [3, 20_000]]) {
    const histogram = histogramOf(Array.from({ length: before }, draw));
    const earlier = histogram.clone();
    const values = Array.from({ length: after }, draw);
    for (const value of values) histogram.record(value);
    const later = histogram.diff(earlier);
    const alone = histogramOf(values);
    assertEquals([...later.buckets()].length, [...alone.buckets()].length);
    assertEquals([later.count, later.sum], [alone.count, alone.sum]);
    assertEquals(later.percentiles([50, 90]), alone.percentiles([50, 90]));
    assert(later.min <= alone.min && alone.min - later.min <= alone.min / 128, `${later.min}`);
    assert(later.max >= alone.max && later.max - alone.max <= alone.max / 128, `${later.max}`);
  }
});

Deno.test("Histogram.diff() does not keep the old extremes", () => {
  const histogram = histogramOf([1, 2 ** 30]);
  const earlier = histogram.clone();
  histogram.record(500);
  const later = histogram.diff(earlier);
  assertEquals([later.count, later.min, later.percentile(50), later.max], [1, 500, 501, 501]);
  const largest = histogramOf([2 ** 40]);
  const before = largest.clone();
  largest.record(2 ** 39);
  assertEquals(largest.diff(before).max, 2 ** 40);
});

Deno.test("Histogram.buckets() gives each slot's highest value and count", () => {
  assertEquals([...new Histogram().buckets()], []);
  assertEquals([...histogramOf([255, 255, 256, 257, 258]).buckets()], [[255, 2], [257, 2], [
    259,
    1,
  ]]);
  assertEquals([...histogramOf([2 ** 40, 2 ** 36 - 1]).buckets()], [[2 ** 40, 2]]);
  assertEquals([...histogramOf([2 ** 36 - 1]).buckets()], [[2 ** 36 - 1, 1]]);
});

Deno.test("Histogram.diff() leaves out values that only the earlier one has", () => {
  const earlier = new Histogram();
  for (const value of [10, 10, 20, 5_000]) earlier.record(value);
  const later = new Histogram();
  for (const value of [10, 30, 30]) later.record(value);
  const diff = later.diff(earlier);
  assertEquals([...diff.buckets()], [[30, 2]]);
  assertEquals([diff.count, diff.sum], [2, 0]);
  assertEquals(new Histogram().diff(earlier).count, 0);
});
