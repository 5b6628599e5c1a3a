import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toSummary } from "../../lib/report/json.ts";
import { formatTable } from "../../lib/report/table.ts";
import { PhaseTimes } from "../../lib/stats/phase_times.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { flowFigures } from "../fixtures/flow_figures.ts";
import { measureWidth } from "../../lib/text/width.ts";
import {
  ATTACKED,
  COLORS,
  EMPTY,
  HELD,
  HUGE,
  RAW,
  SNAPSHOT,
} from "../fixtures/report_snapshots.ts";
import { formatPage } from "../../lib/report/page/page.ts";
import { pageData } from "../fixtures/page_data.ts";

/** The table at the end of a run. */
function formatRun(snapshot: Snapshot, { color }: { color: boolean }): string {
  const { tolerated, total } = snapshot;
  const summary = toSummary(snapshot, { version: "1.2.3" });
  return formatTable({ summary, tolerated, total }, { color });
}

Deno.test("formatTable() shows all figures in few lines", () => {
  assertEquals(
    formatRun(SNAPSHOT, { color: false }),
    `660,000 requests in 16:40
  succeeded    659,998
  failed       2
  rate         660 requests/s
               99.1 % of what 1,000 in flight allow at 1.50 s each
  bodies       8.58 MB, 8.58 kB/s
  memory       105 MB at most
  CPU          33.00 s, 50 us a request
  engine       fetch, at most 1,000 in flight

Latency of responses
  min 12.3 ms   mean 1.50 s   max 3.00 s   stddev 866 ms
  p50      p75      p90      p95      p99      p99.9    p99.99
  1.50 s   2.25 s   2.70 s   2.85 s   2.97 s   3.00 s   3.00 s

Statuses
  200 OK                                    659,990 99.998 %
  503 Service Unavailable                         8   <0.1 %

Errors
  timeout                                         2   <0.1 %
    such as http://host/7
            no answer
`,
  );
});

Deno.test("formatTable() says whether native sockets were used", () => {
  for (const transport of ["native", "native+portable"]) {
    const text = formatRun({ ...SNAPSHOT, engine: "http1+http2", transport }, { color: false });
    assertStringIncludes(
      text,
      `\n  engine       http1+http2 over ${transport} sockets, at most 1,000 in flight\n`,
    );
  }
});

Deno.test("formatTable() tells how many threads there were if there were several", () => {
  for (const [threads, text] of [[1, ""], [12, " in 12 threads"]] as const) {
    assertStringIncludes(
      formatRun({ ...SNAPSHOT, threads }, { color: false }),
      `\n  engine       fetch${text}, at most 1,000 in flight\n`,
    );
  }
});

Deno.test("formatTable() shows late starts of the server and of the program", () => {
  const text = formatRun({
    ...SNAPSHOT,
    targetRate: 700,
    late: { count: 66_001, meanMs: 31.6, maxMs: 80.7 },
    ownLate: { mean: 0.03, p50: 0.02, p99: 0.21, max: 3.1 },
  }, { color: false });
  assertStringIncludes(
    text,
    `  rate         660 requests/s
               of 700 asked for, 10.0 % late, by 31.6 ms on average, 80.7 ms at most
               own lateness p50 20 us, p99 210 us, at most 3.10 ms
`,
  );
});

Deno.test("formatTable() says in its first line that the run was interrupted", () => {
  const [first] = formatRun({ ...SNAPSHOT, interrupted: true }, { color: false }).split("\n");
  assertEquals(first, "660,000 requests in 16:40, interrupted");
});

Deno.test("formatTable() shows the slowest responses and the busiest hosts that are asked for", () => {
  const text = formatRun({
    ...SNAPSHOT,
    top: 2,
    slowest: [
      { i: 123_456, url: `http://host/${"x".repeat(100)}`, status: 200, ms: 3001, at: 0 },
      { i: 7, url: "http://host/7?api_key=s3cret", status: 503, ms: 12.34, at: 0 },
    ],
    hosts: [
      { host: "b.example", requests: 12_345, failed: 0, meanMs: 12.34, maxMs: 3001 },
      { host: "a.example", requests: 654_321, failed: 2, meanMs: 1, maxMs: 20 },
      { host: "c.example", requests: 1, failed: 1, meanMs: 0, maxMs: 0 },
    ],
  }, { color: false });
  assertStringIncludes(
    text,
    `
Slowest responses
    3.00 s  200  #123456  http://host/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
   12.3 ms  503  #7  http://host/7?api_key=…

Hosts                              requests       failed        mean     slowest
  a.example                         654,321            2     1.00 ms     20.0 ms
  b.example                          12,345            0     12.3 ms      3.00 s
  others                                  1            1           -           -
`,
  );
});

Deno.test("formatTable() shows the phases that were measured", () => {
  const times = new PhaseTimes();
  for (let k = 1; k <= 20; k++) times.recordPhase("connect", k);
  for (let k = 1; k <= 1_000; k++) times.recordPhase("ttfb", k / 10);
  const text = formatRun({ ...SNAPSHOT, phases: times.clone() }, { color: false });
  assertStringIncludes(
    text,
    `  3.00 s

Phases                   count      mean       p50       p95       p99       max
  connection                20   10.5 ms   10.0 ms   19.1 ms   20.0 ms   20.0 ms
  first byte             1,000   50.0 ms   50.2 ms   95.2 ms   99.3 ms    100 ms

Statuses
`,
  );
  assertEquals(formatRun(SNAPSHOT, { color: false }).includes("Phases"), false);
});

Deno.test("formatTable() ends with the result of each threshold", () => {
  assertStringIncludes(
    formatRun(HELD, { color: false }),
    `
            no answer

Thresholds
  p99<3s                              passed   2.97 s
  failed<=0                           failed   2
  late<1%                             failed   nothing was measured
`,
  );
  const colored = formatRun(HELD, { color: true });
  assertStringIncludes(colored, "\x1b[32mpassed\x1b[0m   2.97 s\n");
  assertStringIncludes(colored, "\x1b[31mfailed\x1b[0m   2\n");
});

Deno.test("formatTable() says in its first line which threshold ended the run", () => {
  const first = (snapshot: Partial<Snapshot>): string =>
    formatRun({ ...HELD, aborted: "failed<=0", ...snapshot }, { color: false }).split("\n")[0];
  assertEquals(first({}), "660,000 requests in 16:40, aborted by failed<=0");
  assertEquals(first({ interrupted: true }), "660,000 requests in 16:40, interrupted");
});

Deno.test("formatTable() fits into 80 columns when every number is huge", () => {
  for (const snapshot of [SNAPSHOT, HELD, HUGE, EMPTY, ATTACKED]) {
    for (const line of formatRun(snapshot, { color: false }).split("\n")) {
      assert(line.length <= 80, `${line.length}: ${line}`);
      assertEquals(line, line.trimEnd());
    }
  }
});

Deno.test("formatTable() sums up the rarest statuses when there are many", () => {
  const statuses = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [i + 100, i + 1]));
  const table = formatRun({ ...SNAPSHOT, errors: {}, statuses }, { color: false });
  assertMatch(table, /^ {2}999 +900 .*\n(.*\n){8} {2}990 .*\n {2}890 others +396,495 .*\n$/m);
});

Deno.test("formatTable() adds colors only when asked", () => {
  for (const snapshot of [SNAPSHOT, HELD, HUGE, { ...EMPTY, interrupted: true }]) {
    const plain = formatRun(snapshot, { color: false });
    const colored = formatRun(snapshot, { color: true });
    assert(!plain.includes("\x1b"));
    assertStringIncludes(colored, "\x1b[");
    assertEquals(colored.replaceAll(COLORS, ""), plain);
  }
});

Deno.test("formatTable() escapes hostile text", () => {
  const table = formatRun(ATTACKED, { color: false });
  assert(!RAW.test(table), JSON.stringify(table));
  assertStringIncludes(table, "\\x1b[2J\\x1b]0;x\\x07\\x0d\\x0a\\x9b1m\\u{202e}");
});

Deno.test("formatTable() gives the time below a second in milliseconds", () => {
  const first = (seconds: number): string =>
    formatTable({ summary: { requests: 7, succeeded: 7, failed: 0, seconds } }, { color: false })
      .split("\n", 1)[0];
  assertEquals([0, 0.0004, 0.084, 0.9994, 0.9996, 1.4, 3_723].map(first), [
    "7 requests in 0 s",
    "7 requests in 400 us",
    "7 requests in 84.0 ms",
    "7 requests in 999 ms",
    "7 requests in 1s",
    "7 requests in 1s",
    "7 requests in 1:02:03",
  ]);
});

Deno.test("formatTable() gives numbers when nothing was requested", () => {
  const table = formatRun(EMPTY, { color: false });
  assertMatch(table, /^0 requests in 0 s\n/);
  assert(!/NaN|Infinity|undefined|Latency|Statuses|Errors/.test(table), table);
});

Deno.test("formatTable() shows a kind of error without an example", () => {
  const errors = { dns: { count: 3, examples: [] } };
  assertMatch(formatRun({ ...SNAPSHOT, errors }, { color: false }), /^ {2}dns +3 .*\n$/m);
});

Deno.test("formatTable() shows how many requests were not sent, if any", () => {
  const table = formatRun({ ...SNAPSHOT, skipped: 29_451 }, { color: false });
  assertStringIncludes(
    table,
    "\n               29,451 not sent, as their hosts were given up\n",
  );
  assert(!formatRun(SNAPSHOT, { color: false }).includes("given up"));
});

Deno.test("formatTable() and formatPage() show how many requests the warm-up had, if any", async () => {
  const text = "3,012 requests, which are not counted";
  const table = formatRun({ ...SNAPSHOT, warmUp: 3_012 }, { color: false });
  assertStringIncludes(table, `\n  warm-up      ${text}\n`);
  assert(!formatRun(SNAPSHOT, { color: false }).includes("warm-up"));
  assertStringIncludes(await formatPage(pageData({}, { warm_up: 3_012 })), text);
  assert(!(await formatPage(pageData())).includes("Warm-up"));
});

Deno.test("formatTable() lists mismatches, the most frequent first, in few lines", () => {
  const reasons = Array.from({ length: 15 }, (_, k) => ({
    expectation: `--expect-body \x1b[2J${k} ${"x".repeat(200)}`,
    count: k + 1,
    examples: [{ url: `http://host/${k}`, detail: `\x1b[2Jbegins ${k}` }],
  }));
  const errors = { expect: { count: 120, examples: reasons[0].examples, reasons } };
  const table = formatRun({ ...SNAPSHOT, errors }, { color: false });
  const lines = table.slice(table.indexOf("\nErrors\n")).trim().split("\n");
  assert(!table.includes("\x1b"));
  assertMatch(lines[1], /^ {2}expect +120 +<0\.1 %$/);
  assertMatch(lines[2], /^ {4}--expect-body \\x1b\[2J14 x+… +15 +<0\.1 %$/);
  assertEquals(lines.slice(3, 5), [
    "    such as http://host/14",
    "            \\x1b[2Jbegins 14",
  ]);
  assertMatch(lines.at(-1)!, /^ {4}5 others +15 +<0\.1 %$/);
  assertEquals(lines.length, 2 + 10 * 3 + 1);
  for (const line of lines) assert(line.length <= 80, line);
});

Deno.test("formatTable() keeps its columns in 80 cells when texts are wide", () => {
  const example = { url: `http://例え.テスト/${"漢字/".repeat(40)}`, detail: "本文は".repeat(40) };
  const reasons = ["--expect-body ok", `--expect-body 必要${"な文".repeat(30)}`]
    .map((expectation) => ({ expectation, count: 3, examples: [example] }));
  const errors = { expect: { count: 6, examples: [example], reasons } };
  const lines = formatRun({ ...SNAPSHOT, errors }, { color: false }).trimEnd().split("\n");
  const rows = lines.filter((line) => line.startsWith("    --expect-body"));
  assertStringIncludes(rows[1], "--expect-body 必要な文");
  const cells = rows.map((row) => measureWidth(row.slice(0, row.indexOf(" <0.1 %"))));
  assertEquals(cells[0], cells[1]);
  assertStringIncludes(lines.join("\n"), "    such as http://例え.テスト/漢字/");
  for (const line of lines) assert(measureWidth(line) <= 80, line);
});

Deno.test("formatTable() tells what is proved of a run on several machines", () => {
  const cluster = { run: "x", workers: 1, slices: 1, redone: 0, records: 5, sha256: "" };
  const show = (given: Partial<typeof cluster>): string =>
    formatRun({ ...SNAPSHOT, cluster: { ...cluster, ...given } }, { color: false });
  assertStringIncludes(show({}), "\n  cluster      1 slice by 1 worker; 5 records, each once\n");
  assertStringIncludes(show({ records: 1 }), "; 1 record, each once\n");
  assertStringIncludes(
    show({ workers: 3, slices: 1_000, redone: 7, records: 1e6 }),
    "\n  cluster      1,000 slices by 3 workers, 7 redone; 1,000,000 records, each once\n",
  );
});

Deno.test("formatTable() has the iterations, the steps and the checks of a flow", () => {
  const flow = flowFigures("log in");
  const table = formatRun({ ...SNAPSHOT, flow, seconds: 4 }, { color: false });
  for (
    const line of [
      "  iterations   2, 0.50/s, 1 failed",
      "               50.0 ms each, p95 50.0 ms, at most 50.0 ms",
      "Steps                 requests    failed      mean       p95       p99       max",
      "  log in                     2         1   12.0 ms   12.0 ms   12.0 ms   12.0 ms",
      "Checks                                                       passed       failed",
      "  log in                                                          1            1",
    ]
  ) assertStringIncludes(table, `\n${line}\n`);
});
