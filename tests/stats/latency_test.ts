import { assertEquals } from "@std/assert";
import { Histogram } from "../../lib/stats/histogram.ts";
import { readLatency, toLatency, toOwnLate } from "../../lib/stats/latency.ts";

Deno.test("toLatency() gives milliseconds of a histogram of microseconds", () => {
  const histogram = new Histogram();
  for (const micros of [100, 200]) histogram.record(micros);
  assertEquals(toLatency(histogram), {
    min: 0.1,
    mean: 0.15,
    p50: 0.1,
    p75: 0.2,
    p90: 0.2,
    p95: 0.2,
    p99: 0.2,
    p999: 0.2,
    p9999: 0.2,
    max: 0.2,
    stddev: 0.05,
  });
  assertEquals(toOwnLate(histogram), { mean: 0.15, p50: 0.1, p99: 0.2, max: 0.2 });
});

Deno.test("toLatency() gives 0 for everything when nothing was recorded", () => {
  assertEquals(new Set(Object.values(toLatency(new Histogram()))), new Set([0]));
});

Deno.test("readLatency() gives each figure by its name, and any percentile", () => {
  const histogram = new Histogram();
  assertEquals(readLatency(histogram, "p98"), null);
  for (const micros of [100, 200]) histogram.record(micros);
  for (const [name, value] of Object.entries(toLatency(histogram))) {
    assertEquals(readLatency(histogram, name), value, name);
  }
  assertEquals(["p50", "p50.5"].map((name) => readLatency(histogram, name)), [0.1, 0.2]);
});
