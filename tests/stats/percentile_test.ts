import { assertEquals } from "@std/assert";
import { computeRarity, parsePercentile } from "../../lib/stats/percentile.ts";

Deno.test("parsePercentile() reads names of percentiles, two of which are short", () => {
  const names = ["p50", "p5", "p99.95", "p0.000001", "p100", "p999", "p9999"];
  assertEquals(names.map(parsePercentile), [50, 5, 99.95, 0.000001, 100, 99.9, 99.99]);
});

Deno.test("parsePercentile() reads nothing else", () => {
  const names = ["p", "p0", "p0.0", "p101", "p100.1", "p99.", "p.5", "P50", "p1e1", "p-1", "mean"];
  for (const name of [...names, "p99.1234567", "toString"]) {
    assertEquals(parsePercentile(name), undefined, name);
  }
});

Deno.test("computeRarity() grows where few values decide", () => {
  assertEquals([50, 98, 99, 99.5, 99.9, 99.95, 99.99].map(computeRarity), [
    1,
    1,
    1,
    2,
    10,
    20,
    100,
  ]);
  assertEquals([1, 0.1].map(computeRarity), [1, 10]);
});
