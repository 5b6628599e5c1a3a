import { assertEquals } from "@std/assert";
import { Histogram } from "../../lib/stats/histogram.ts";
import { SparseHistogram } from "../../lib/stats/sparse_histogram.ts";
import { generator } from "../fixtures/random_json.ts";

const PERCENTILES = [0, 1, 50, 90, 99, 99.9, 100];

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

Deno.test("SparseHistogram.percentile() is the same as the histogram's", () => {
  const random = generator(5);
  for (const count of [1, 2, 100, 5_000]) {
    const values = Array.from({ length: count }, () => random(2 ** (4 + random(20))));
    const histogram = histogramOf(values);
    const sparse = SparseHistogram.from(histogram);
    const found = PERCENTILES.map((percentile) => sparse.percentile(percentile));
    assertEquals(found, histogram.percentiles(PERCENTILES));
  }
});

Deno.test("SparseHistogram.percentile() is undefined when nothing was counted", () => {
  assertEquals(SparseHistogram.from(new Histogram()).percentile(50), undefined);
});

Deno.test("SparseHistogram.merge() gives the same as one histogram of all values", () => {
  const random = generator(7);
  for (const [a, b] of [[0, 0], [0, 5], [5, 0], [1_000, 30], [3, 3]]) {
    const [left, right] = [a, b].map((length) => Array.from({ length }, () => random(1 << 22)));
    const merged = SparseHistogram.from(histogramOf(left))
      .merge(SparseHistogram.from(histogramOf(right)));
    const whole = SparseHistogram.from(histogramOf([...left, ...right]));
    for (const percentile of PERCENTILES) {
      assertEquals(merged.percentile(percentile), whole.percentile(percentile));
    }
  }
});
