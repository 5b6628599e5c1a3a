import { assert, assertEquals } from "@std/assert";
import { BOUNDS, countUpToBounds } from "../../lib/metrics/latency_buckets.ts";
import { Histogram } from "../../lib/stats/histogram.ts";

Deno.test("countUpToBounds() is off by less than a slot at each bound", () => {
  for (const bound of BOUNDS) {
    const histogram = new Histogram();
    const micros = bound * 1e6;
    histogram.record(Math.floor(micros * (1 - 1 / 128)));
    histogram.record(Math.ceil(micros * (1 + 1 / 128)));
    assertEquals(countUpToBounds(histogram)[BOUNDS.indexOf(bound)], 1, `${bound}`);
  }
});

Deno.test("countUpToBounds() never falls when more is recorded", () => {
  const histogram = new Histogram();
  let before = countUpToBounds(histogram);
  for (let k = 0; k < 2_000; k++) {
    histogram.record(Math.round(2 ** (k % 37) + k));
    const now = countUpToBounds(histogram);
    assert(now.every((count, k) => count >= before[k] && count >= (now[k - 1] ?? 0)));
    assert(now.at(-1)! <= histogram.count);
    before = now;
  }
});
