import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toSummary } from "../../lib/report/json.ts";
import { formatMarkdown } from "../../lib/report/markdown.ts";
import { PhaseTimes } from "../../lib/stats/phase_times.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { HOSTILE } from "../fixtures/hostile_markup.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { flowFigures } from "../fixtures/flow_figures.ts";
import { run } from "../fixtures/program.ts";
import { ATTACKED, EMPTY, HELD, HUGE, RAW, SNAPSHOT } from "../fixtures/report_snapshots.ts";

function format(snapshot: Snapshot, problem?: string): string {
  const { tolerated, total } = snapshot;
  const summary = toSummary(snapshot, { version: "1.2.3" });
  return formatMarkdown({ summary, tolerated, total }, problem);
}

Deno.test("formatMarkdown() has the figures of the table", () => {
  assertEquals(
    format(HELD),
    `# myriad: failed

| 660,000 requests |  |
| --- | --- |
| succeeded | 659,998 |
| failed | 2 |
| rate | 660 requests/s |
|  | 99.1 % of what 1,000 in flight allow at 1.50 s each |
| bodies | 8.58 MB, 8.58 kB/s |
| memory | 105 MB at most |
| CPU | 33.00 s, 50 us a request |
| engine | fetch, at most 1,000 in flight |

## Latency of responses

| min | mean | p50 | p75 | p90 | p95 | p99 | p99.9 | p99.99 | max | stddev |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 12.3 ms | 1.50 s | 1.50 s | 2.25 s | 2.70 s | 2.85 s | 2.97 s | 3.00 s | 3.00 s | 3.00 s | 866 ms |

## Statuses

| status | responses | share |
| --- | --- | --- |
| 200 | 659,990 | 99.998 % |
| 503 | 8 | \\<0.1 % |

## Errors

| error | requests | share | such as |
| --- | --- | --- | --- |
| timeout | 2 | \\<0.1 % | \`http://host/7\` \`no answer\` |

## Thresholds

| threshold |  | measured |
| --- | --- | --- |
| \`p99<3s\` | passed | 2.97 s |
| \`failed<=0\` | **failed** | 2 |
| \`late<1%\` | **failed** | nothing was measured |
`,
  );
});

Deno.test("formatMarkdown() shows phases, and with --top the slowest responses and hosts", () => {
  const times = new PhaseTimes();
  for (let k = 1; k <= 20; k++) times.recordPhase("connect", k);
  const text = format({
    ...SNAPSHOT,
    phases: times.clone(),
    top: 2,
    slowest: [
      { i: 7, url: "http://h/7", status: 200, ms: 12, at: 0 },
      { i: 9, url: "http://h/9", status: null, ms: 3, at: 0 },
    ],
    hosts: [
      { host: "h", requests: 20, failed: 5, meanMs: 7, maxMs: 12 },
      { host: "g", requests: 1, failed: 1, meanMs: 0, maxMs: 0 },
    ],
  });
  assertStringIncludes(
    text,
    `## Phases

| phase | responses | mean | p50 | p95 | p99 | max |
| --- | --- | --- | --- | --- | --- | --- |
| connection | 20 | 10.5 ms | 10.0 ms | 19.1 ms | 20.0 ms | 20.0 ms |
`,
  );
  assertStringIncludes(
    text,
    `## Slowest responses

| time | status | number | URL |
| --- | --- | --- | --- |
| 12.0 ms | 200 | 7 | \`http://h/7\` |
| 3.00 ms |  | 9 | \`http://h/9\` |

## Hosts

| host | requests | failed | mean | max |
| --- | --- | --- | --- | --- |
| \`h\` | 20 | 5 | 7.00 ms | 12.0 ms |
| \`g\` | 1 | 1 | - | - |
`,
  );
});

Deno.test("formatMarkdown() says whether the run passed, and why it ended", () => {
  const good = { ...SNAPSHOT, failed: 0, errors: {} };
  assertMatch(format(good), /^# myriad: passed\n/);
  assertMatch(format({ ...good, interrupted: true }), /failed\n\nA signal interrupted the run\.\n/);
  assertMatch(
    format({ ...good, aborted: "p99<1ms" }),
    /failed\n\nThe run was aborted by `p99<1ms`\./,
  );
  assertMatch(format(good, "disk full"), /failed\n\nThe run could not go on: `disk full`\n/);
  assertStringIncludes(format(EMPTY), "| 0 requests |");
  // Of 900 statuses, and of all kinds of errors.
  assert(format(HUGE).split("\n").length < 90);
});

Deno.test({
  name: "formatMarkdown() leaves nothing of others to act in a reader of Markdown",
  ignore: !isInstalled("cmark-gfm"),
  async fn() {
    const hostile =
      `${HOSTILE} | '[in](http://e)\\|' a \`b\` \`\`c | [x](javascript:y) ![i](http://h/) <b> @who #1`;
    const examples = [{ url: hostile, detail: hostile }];
    const text = format({
      ...SNAPSHOT,
      engine: "a|b",
      top: 1,
      slowest: [{ i: 7, url: hostile, status: 200, ms: 12, at: 0 }],
      hosts: [{ host: hostile, requests: 1, failed: 0, meanMs: 1, maxMs: 1 }],
      flow: flowFigures(hostile),
      errors: {
        expect: { count: 1, examples, reasons: [{ expectation: hostile, count: 1, examples }] },
      },
      thresholds: [{ threshold: hostile, value: 1, bound: 1, unit: "ms", holds: true }],
    }, hostile) + format(ATTACKED);
    assertEquals(RAW.exec(text), null);
    const { stdout, stderr } = await run(["cmark-gfm", "-e", "table", "--unsafe"], { input: text });
    assertEquals(stderr, "");
    const tags = new Set(Array.from(stdout.matchAll(/<\/?([^>]*)>/g), ([, tag]) => tag));
    const known = ["h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "strong"];
    assertEquals([...tags].filter((tag) => !known.includes(tag)), []);
    // No cell ends early: each row has as many as the head of its table.
    for (const table of stdout.split("<table>").slice(1)) {
      const [head, ...rows] = table.split("</table>")[0].split("<tr>").slice(1);
      for (const row of rows) {
        assertEquals(row.split("<td>").length, head.split("<th>").length, row);
      }
    }
    assertStringIncludes(stdout, "<code>");
  },
});
