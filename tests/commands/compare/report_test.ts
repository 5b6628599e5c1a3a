import { assert, assertEquals } from "@std/assert";
import {
  formatComparison,
  formatComparisonJson,
  formatTrial,
} from "../../../lib/commands/compare/report.ts";
import { CONDITIONS, TRIALS } from "../../fixtures/trials.ts";

Deno.test("formatTrial() shows memory and time in the experiment's units", () => {
  assertEquals(TRIALS.map(formatTrial), [
    "sync                     10  Memory usage: 41.0 MB  Time: 15.50 seconds  CPU usage: 1%",
    "http1                    10  Memory usage: 42.0 MB  Time: 3.02 seconds  CPU usage: 3%",
    "sync                 10,000  not run: would take far longer",
    "semaphore            10,000  stopped at the memory limit, after 93.40 s, at 12.9 GB",
    "race                 10,000  broke off after 1.00 s: \\x1b[2Jerror </pre><script>",
    "http1                10,000  Memory usage: 47.9 MB  Time: 17.86 seconds  CPU usage: 38%" +
    "  3 failed",
  ]);
});

Deno.test("formatComparison() marks the best strategies of those with all responses", () => {
  const text = formatComparison(TRIALS, { color: false });
  assertEquals(
    text,
    `10 requests
  strategy          peak memory         time         CPU   of a CPU    failed
  sync                  41.0 MB *    15.50 s      0.10 s        1 %         0
  http1                 42.0 MB       3.02 s *    0.08 s *      3 %         0

10,000 requests
  strategy          peak memory         time         CPU   of a CPU    failed
  sync               not run: would take far longer
  semaphore          stopped at the memory limit, after 93.40 s, at 12.9 GB
  race               broke off after 1.00 s: \\x1b[2Jerror </pre><script>
  http1                 47.9 MB      17.86 s      6.79 s       38 %         3

* the best of the column
`,
  );
  assertEquals(Math.max(...text.split("\n").map((line) => line.length)) <= 80, true);
  assert(formatComparison(TRIALS, { color: true }).includes("\x1b[32m"));
});

Deno.test("formatComparisonJson() has every trial, without values that were not measured", () => {
  const { trials, ...rest } = JSON.parse(formatComparisonJson(TRIALS, CONDITIONS, "1.2.3"));
  assertEquals(rest.concurrency, 1000);
  assertEquals(rest.cores, navigator.hardwareConcurrency);
  assertEquals(trials[1], {
    ...{ strategy: "http1", requests: 10, outcome: "finished", answered: 10, failed: 0 },
    ...{ seconds: 3.02, cpu_seconds: 0.08, cpu_share: 0.026, peak_rss_kb: 41_000 },
  });
  assertEquals(trials[2], {
    ...{ strategy: "sync", requests: 10_000, outcome: "not run", why: "would take far longer" },
  });
  assertEquals(trials[3].limit, "memory");
});
