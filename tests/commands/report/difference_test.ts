import { assertEquals } from "@std/assert";
import { compareRuns, formatDifferenceTable } from "../../../lib/commands/report/difference.ts";
import type { KnownSummary } from "../../../lib/stats/summary.ts";

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

Deno.test("formatDifferenceTable() has the phases that a run measured", () => {
  const run = (ms: number) => ({
    ...{ requests: 1, succeeded: 1, failed: 0 },
    phases_ms: {
      dns: null,
      ttfb: { count: 1, mean: ms, p50: ms, p90: ms, p95: ms, p99: ms, max: ms },
    },
  });
  const table = formatDifferenceTable(["a", "b"], compareRuns(run(2), run(3)));
  assertEquals(
    table.slice(table.indexOf("phases")),
    [
      "phases",
      "  ttfb p50                    2.00 ms        3.00 ms       +1.00 ms    +50.0 %",
      "  ttfb p99                    2.00 ms        3.00 ms       +1.00 ms    +50.0 %",
      "",
    ].join("\n"),
  );
});

Deno.test("formatDifferenceTable() has rare figures only if a run had them", () => {
  const run = { requests: 2, succeeded: 2, failed: 0, skipped: 0, threads: 1 };
  const linesOf = (more: Partial<KnownSummary>) =>
    formatDifferenceTable(["a", "b"], compareRuns(run, { ...run, ...more })).split("\n")
      .map((line) => line.split(/ {2,}/)).filter(([name]) => /skipped|threads/.test(name));
  assertEquals(linesOf({}), []);
  assertEquals(linesOf({ threads: undefined }), []);
  assertEquals(linesOf({ threads: 3 }), [["threads", "1", "3", "+2", "+200.0 %"]]);
  assertEquals(linesOf({ skipped: 1 }), [["skipped", "0", "1", "+1"]]);
});
