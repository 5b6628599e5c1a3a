import { assertEquals } from "@std/assert";
import { compareRuns } from "../../../lib/commands/report/difference.ts";

Deno.test("compareRuns() has no percentage of 0, and no latency without a response", () => {
  const latency = Object.fromEntries(
    ["min", "mean", "p50", "p75", "p90", "p95", "p99", "p999", "p9999", "max", "stddev"]
      .map((name) => [name, 0]),
  ) as never;
  const failed = { requests: 2, succeeded: 0, failed: 2, latency_ms: latency };
  const differences = compareRuns({ requests: 2, succeeded: 2, failed: 0 }, failed);
  assertEquals(differences.numbers.failed, { a: 0, b: 2, difference: 2, percent: null });
  const { p50 } = differences.groups.latency_ms;
  assertEquals(p50, { a: null, b: null, difference: null, percent: null });
});
