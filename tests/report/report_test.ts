import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseSize } from "../../lib/cli/units.ts";
import { formatBar, formatLogLine } from "../../lib/progress/bar.ts";
import { Progress, type ProgressOptions } from "../../lib/progress/progress.ts";
import { formatSummary, toSummary } from "../../lib/report/json.ts";
import { formatTable } from "../../lib/report/table.ts";
import { ERROR_KINDS } from "../../lib/result.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Snapshot, Verdict } from "../../lib/stats/snapshot.ts";
import { formatBytes } from "../../lib/text/format.ts";
import { measureWidth } from "../../lib/text/width.ts";
import { every } from "../fixtures/every.ts";

const LATENCY = {
  min: 12.3456,
  mean: 1500,
  p50: 1499,
  p75: 2250,
  p90: 2700,
  p95: 2850,
  p99: 2970,
  p999: 2998,
  p9999: 3000,
  max: 3001,
  stddev: 866,
};

const SNAPSHOT: Snapshot = {
  requests: 660_000,
  succeeded: 659_998,
  failed: 2,
  skipped: 0,
  total: 1_000_000,
  progress: undefined,
  inFlight: 1000,
  errors: { timeout: { count: 2, examples: [{ url: "http://host/7", detail: "no answer" }] } },
  statuses: { "200": 659_990, "503": 8 },
  tolerated: 0,
  seconds: 1000,
  startedMs: Date.UTC(2026, 0, 31),
  rate: 660,
  bytes: 8_580_000,
  latency: LATENCY,
  histogram: new Histogram(),
  hosts: [],
  slowest: [],
  loopBusy: 0,
  concurrency: 1000,
  meanInFlightMs: 1501.5,
  utilization: 0.991,
  attempts: 660_010,
  rssBytes: 90e6,
  peakRssKb: 102_400,
  cpuSeconds: 33,
  engine: "fetch",
  shortages: {},
  interrupted: false,
  aborted: undefined,
  thresholds: [],
  resumed: false,
  retries: {},
  retrying: 0,
  held: 0,
  paused: 0,
  targetRate: undefined,
  late: { count: 0, meanMs: 0, maxMs: 0 },
  ownLate: undefined,
  ownLateHistogram: undefined,
};

const VERDICTS: readonly Verdict[] = [
  { threshold: "p99<3s", value: 2970, bound: 3000, unit: "ms", holds: true },
  { threshold: "failed<=0", value: 2, bound: 0, unit: "count", holds: false },
  { threshold: "late<1%", value: null, bound: 1, unit: "%", holds: false },
];

/** Larger than what anybody will see. */
const HUGE: Snapshot = {
  ...SNAPSHOT,
  requests: 1e15 - 1,
  succeeded: 1e15 / 2,
  failed: 1e15 / 2 - 1,
  total: 1e15,
  inFlight: 1e6,
  statuses: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [i + 100, 1e12])),
  errors: Object.fromEntries(
    ERROR_KINDS.map((kind) => [kind, {
      count: 1e14,
      examples: [{ url: `http://${"h".repeat(190)}`, detail: "d".repeat(200) }],
    }]),
  ),
  seconds: 1e7,
  rate: 1e8,
  bytes: 1e18,
  latency: {
    min: 71e6,
    mean: 71e6,
    p50: 71e6,
    p75: 71e6,
    p90: 71e6,
    p95: 71e6,
    p99: 71e6,
    p999: 71e6,
    p9999: 71e6,
    max: 1e9,
    stddev: 1e9,
  },
  concurrency: 1e6,
  meanInFlightMs: 71e6,
  utilization: 1,
  peakRssKb: 1e12,
  rssBytes: 1e15,
  cpuSeconds: 1e9,
  aborted: `status.5xx<${"9".repeat(300)}`,
  thresholds: (["ms", "s", "count", "%", "/s", "bytes"] as const).map((unit) => ({
    threshold: `status.5xx<0.${"0".repeat(300)}1%`,
    value: 1e15 + 1 / 3,
    bound: 1e15 + 0.5,
    unit,
    holds: false,
  })),
};

const EMPTY: Snapshot = {
  ...SNAPSHOT,
  requests: 0,
  succeeded: 0,
  failed: 0,
  total: undefined,
  inFlight: 0,
  errors: {},
  statuses: {},
  seconds: 0,
  rate: 0,
  bytes: 0,
  latency: {
    min: 0,
    mean: 0,
    p50: 0,
    p75: 0,
    p90: 0,
    p95: 0,
    p99: 0,
    p999: 0,
    p9999: 0,
    max: 0,
    stddev: 0,
  },
  meanInFlightMs: 0,
  utilization: 0,
  attempts: 0,
  rssBytes: 0,
  peakRssKb: 0,
  cpuSeconds: 0,
};

const HELD: Snapshot = { ...SNAPSHOT, thresholds: VERDICTS };

/** The table at the end of a run. */
function formatRun(snapshot: Snapshot, { color }: { color: boolean }): string {
  const { tolerated, total } = snapshot;
  const summary = toSummary(snapshot, { version: "1.2.3" });
  return formatTable({ summary, tolerated, total }, { color });
}

const HOSTILE = "\x1b[2J\x1b]0;x\x07\r\n\x9b1m\u202e\u2066\u200f\u2028\x7f\ud800";
const ATTACKED: Snapshot = {
  ...SNAPSHOT,
  errors: { protocol: { count: 2, examples: [{ url: HOSTILE, detail: HOSTILE }] } },
  aborted: HOSTILE,
  thresholds: [{ threshold: HOSTILE, value: 1, bound: 1, unit: "ms", holds: true }],
};

// deno-lint-ignore no-control-regex
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;
// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[\d*m/g;

Deno.test("formatSummary() has exactly the names of the contract, in order", () => {
  const text = formatSummary(SNAPSHOT, { version: "1.2.3" });
  assertMatch(text, /^\{\n {2}"requests": 660000,\n[^]*\n\}\n$/);
  assertEquals(JSON.parse(text), {
    requests: 660_000,
    succeeded: 659_998,
    failed: 2,
    skipped: 0,
    errors: { timeout: { count: 2, examples: [{ url: "http://host/7", detail: "no answer" }] } },
    statuses: { "200": 659_990, "503": 8 },
    seconds: 1000,
    started: "2026-01-31T00:00:00.000Z",
    rate: 660,
    bytes: 8_580_000,
    latency_ms: { ...LATENCY, min: 12.346 },
    concurrency: 1000,
    mean_in_flight_ms: 1501.5,
    utilization: 0.991,
    attempts: 660_010,
    retries: {},
    target_rate: null,
    late: { count: 0, mean_ms: 0, max_ms: 0 },
    own_late_ms: null,
    peak_rss_kb: 102_400,
    cpu_seconds: 33,
    engine: "fetch",
    shortages: {},
    version: "1.2.3",
    resumed: false,
    interrupted: false,
    aborted: null,
    thresholds: [],
    own_late_histogram: null,
    histogram: { min: 0, max: 0, sum: 0, sumOfSquares: 0, counts: [] },
  });
  assertEquals(Object.keys(JSON.parse(text).latency_ms), Object.keys(LATENCY));
});

Deno.test("formatSummary() has each threshold with the value that was compared", () => {
  const aborted = { ...HELD, aborted: "failed<=0" };
  const summary = JSON.parse(formatSummary(aborted, { version: "1.2.3" }));
  assertEquals([summary.aborted, summary.thresholds], ["failed<=0", [
    { threshold: "p99<3s", value: 2970, bound: 3000, unit: "ms", passed: true },
    { threshold: "failed<=0", value: 2, bound: 0, unit: "count", passed: false },
    { threshold: "late<1%", value: null, bound: 1, unit: "%", passed: false },
  ]]);
});

Deno.test("formatSummary() escapes text for a terminal, and loses nothing", () => {
  const text = formatSummary(ATTACKED, { version: "1.2.3" });
  assert(!RAW.test(text), JSON.stringify(text));
  assertEquals(JSON.parse(text).errors, ATTACKED.errors);
});

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
  const coloured = formatRun(HELD, { color: true });
  assertStringIncludes(coloured, "\x1b[32mpassed\x1b[0m   2.97 s\n");
  assertStringIncludes(coloured, "\x1b[31mfailed\x1b[0m   2\n");
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
    const coloured = formatRun(snapshot, { color: true });
    assert(!plain.includes("\x1b"));
    assertStringIncludes(coloured, "\x1b[");
    assertEquals(coloured.replaceAll(COLOURS, ""), plain);
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

Deno.test("formatBytes() divides by 1,000 for kB, MB and GB", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.00 kB"],
    [13_000, "13.0 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [104_857_600, "105 MB"],
    [1e9, "1.00 GB"],
    [2e12, "2.00 TB"],
  ];
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text);
  // What a user writes means the same as what a report shows.
  for (const [text, bytes] of [["13kB", 13_000], ["1MB", 1e6], ["2gb", 2e9], ["13KiB", 13_312]]) {
    assertEquals(parseSize(`${text}`, "--max-body"), bytes);
  }
  for (const [text, bytes] of [["13k", 13_312], ["64M", 67_108_864], ["1b", 1], ["1kib", 1_024]]) {
    assertEquals(parseSize(`${text}`, "--max-body"), bytes);
  }
});

Deno.test("formatBar() shows no latency without a response", () => {
  const bar = formatBar({ ...SNAPSHOT, succeeded: 0 }, 850, { columns: 200, color: false });
  assertMatch(bar, / {2}p50 - p99 - {2}/);
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

const WIDE = { columns: 200, color: false };

Deno.test("formatBar() shows everything when there is room", () => {
  assertEquals(
    formatBar(SNAPSHOT, 850, WIDE),
    "[#############.......] 660,000/1,000,000  66 %  850/s  2 errors  ETA 6:40  16:40  " +
      "p50 1.50 s p99 2.97 s  1,000 in flight  90.0 MB",
  );
});

Deno.test("formatBar() leaves the last column free for any numbers", () => {
  const snapshots = [SNAPSHOT, HUGE, EMPTY, ATTACKED].flatMap((snapshot) => [
    snapshot,
    { ...snapshot, total: undefined },
    { ...snapshot, total: undefined, progress: 0.9999 },
  ]);
  for (const snapshot of snapshots) {
    for (const rate of [0, 1e-9, 99.99, 1e9]) {
      for (let columns = 0; columns <= 200; columns++) {
        const bar = formatBar(snapshot, rate, { columns, color: false });
        assert(bar.length <= Math.max(0, columns - 1), `${columns}: '${bar}'`);
        if (columns >= 10) assert(bar.length > 0, `${columns}`);
        assert(/^[\x20-\x7e]*$/.test(bar), bar);
        assert(!/NaN|Infinity|undefined/.test(bar), bar);
        const coloured = formatBar(snapshot, rate, { columns, color: true });
        assertEquals(coloured.replaceAll(COLOURS, ""), bar);
      }
    }
  }
});

Deno.test("formatBar() drops fields from the end as the terminal narrows", () => {
  const full = formatBar(SNAPSHOT, 850, WIDE).replace(/^\[.*\] /, "");
  for (let columns = 200; columns >= 19; columns--) {
    const text = formatBar(SNAPSHOT, 850, { columns, color: false }).replace(/^\[.*\] /, "");
    assert(full.startsWith(text) && /^( {2}|$)/.test(full.slice(text.length)), text);
  }
});

const NARROW: [string, Snapshot, number, string][] = [
  ["done and total", SNAPSHOT, 18, "660,000/1,000,000"],
  [
    "done and total, not the bar",
    HUGE,
    61,
    "999,999,999,999,999/1,000,000,000,000,000  99 %  850/s",
  ],
  ["what is done", SNAPSHOT, 17, "660,000"],
  ["the percentage", { ...SNAPSHOT, requests: 50_000_000, total: 1e8 }, 10, "50 %"],
  ["a round number", { ...SNAPSHOT, requests: 50_000_000, total: undefined }, 10, "50M"],
];
for (const [what, snapshot, columns, expected] of NARROW) {
  Deno.test(`formatBar() shows ${what} when ${columns} columns have no room for more`, () => {
    assertEquals(formatBar(snapshot, 850, { columns, color: false }), expected);
  });
}

Deno.test("formatBar() shows the input's progress when the total is unknown", () => {
  const snapshot = { ...SNAPSHOT, total: undefined, progress: 0.25, requests: 1000 };
  assertMatch(
    formatBar(snapshot, 100, WIDE),
    /^\[#{5}\.{15}\] 1,000 {2}25 % {2}100\/s {2}2 errors {2}ETA 30s {2}16:40 /,
  );
});

Deno.test("formatBar() has no bar, percentage or ETA when the end is unknown", () => {
  const snapshot = { ...SNAPSHOT, total: undefined, progress: undefined };
  assertMatch(formatBar(snapshot, 850, WIDE), /^660,000 {2}850\/s {2}2 errors {2}16:40 {2}p50/);
});

Deno.test("formatBar() is full only when everything is done", () => {
  const at = (requests: number): string =>
    formatBar({ ...SNAPSHOT, requests, total: 1000 }, 1, WIDE);
  assertMatch(at(999), /^\[#{19}\.\] .* 99 %/);
  assertMatch(at(1000), /^\[#{20}\] .* 100 % .*ETA 0s/);
  assertMatch(at(1001), /^\[#{20}\] .* 100 % .*ETA 0s/);
});

Deno.test("formatBar() has no ETA when everything left waits for a paused host", () => {
  const paused = { ...SNAPSHOT, requests: 30_548, total: 60_000, paused: 1, inFlight: 1 };
  assertMatch(
    formatBar({ ...paused, held: 29_451 }, 0.1, WIDE),
    /50 % {2}paused {2}0.10\/s {2}2 errors {2}16:40/,
  );
  assertMatch(formatBar({ ...paused, held: 10_000 }, 1_000, WIDE), /2 errors {2}ETA 29s/);
});

Deno.test("formatTable() shows how many requests were not sent, if any", () => {
  const table = formatRun({ ...SNAPSHOT, skipped: 29_451 }, { color: false });
  assertStringIncludes(
    table,
    "\n               29,451 not sent, as their hosts were given up\n",
  );
  assert(!formatRun(SNAPSHOT, { color: false }).includes("given up"));
});

Deno.test("formatLogLine() gives the bar's figures in one line", () => {
  assertEquals(
    formatLogLine({ ...SNAPSHOT, failed: 1 }, 850),
    "660,000/1,000,000, 66 %, 850/s, 1 error, ETA 6:40, 16:40, p50 1.50 s p99 2.97 s, " +
      "1,000 in flight, 90.0 MB",
  );
  assert(!RAW.test(formatLogLine(ATTACKED, 1)));
});

/** A terminal that takes nothing before it is told to. */
class FakeTerminal {
  readonly written: string[] = [];
  columns = 40;
  ms = 0;
  requests = 0;
  snapshots = 0;
  /** What `write` gives; by default it is done at once. */
  answer: () => Promise<void> | void = () => {};

  progress(options: Partial<ProgressOptions> = {}): Promise<Progress> {
    return Progress.open({
      mode: "bar",
      size: () => ({ columns: this.columns, rows: 24 }),
      color: false,
      write: (bytes) => {
        this.written.push(new TextDecoder().decode(bytes));
        return this.answer();
      },
      takeSnapshot: () => {
        this.snapshots++;
        return { ...SNAPSHOT, total: 1000, requests: this.requests };
      },
      now: () => this.ms,
      ...options,
    });
  }
}

/** Lets everything go on that waits for nothing but promises. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("Progress draws in place, over what it drew before", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress();
  progress.start();
  terminal.ms = 1000;
  terminal.requests = 100;
  progress.tick();
  await settled();
  terminal.ms = 2000;
  terminal.requests = 300;
  progress.tick();
  await progress.stop();
  assertEquals(terminal.written, [
    "\r100/1,000  10 %  100/s  2 errors\x1b[K",
    "\r300/1,000  30 %  150/s  2 errors\x1b[K",
    "\r\x1b[K",
  ]);
});

Deno.test("Progress asks for the width each time", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress();
  for (const columns of [200, 10, 80]) {
    terminal.columns = columns;
    progress.tick();
    await settled();
    const cells = terminal.written.at(-1)!.length - "\r\x1b[K".length;
    assert(cells > 0 && cells < columns, `${columns}: ${cells}`);
  }
  await progress.stop();
});

Deno.test("Progress writes nothing while a write is pending", async () => {
  const terminal = new FakeTerminal();
  const { promise, resolve } = Promise.withResolvers<void>();
  terminal.answer = () => promise;
  const progress = await terminal.progress();
  for (let i = 0; i < 100; i++) {
    progress.tick();
    await settled();
  }
  assertEquals([terminal.written.length, terminal.snapshots], [1, 1]);
  resolve();
  await settled();
  progress.tick();
  await progress.stop();
  assertEquals(terminal.written.length, 3);
});

Deno.test("Progress.stop() waits for the pending write, then removes the bar", async () => {
  const terminal = new FakeTerminal();
  const { promise, resolve } = Promise.withResolvers<void>();
  terminal.answer = () => promise;
  const progress = await terminal.progress();
  progress.tick();
  const stopped = progress.stop();
  await settled();
  assertEquals(terminal.written.length, 1);
  resolve();
  await stopped;
  assertEquals(terminal.written.slice(1), ["\r\x1b[K"]);
});

Deno.test("Progress.stop() gives up a stuck terminal", async () => {
  const terminal = new FakeTerminal();
  terminal.answer = () => new Promise(() => {});
  const progress = await terminal.progress({ stuckMs: 1 });
  progress.start();
  progress.tick();
  await progress.stop();
  assertEquals(terminal.written.length, 1);
});

Deno.test("Progress.stop() writes nothing when nothing was drawn, and once when called twice", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress();
  progress.start();
  await progress.stop();
  assertEquals(terminal.written, []);
  progress.tick();
  await progress.stop();
  await progress.stop();
  assertEquals(terminal.written.length, 2);
});

for (
  const [how, answer] of [
    ["throws", () => {
      throw new Deno.errors.BrokenPipe("EPIPE");
    }],
    ["rejects", () => Promise.reject(new Deno.errors.BrokenPipe("EPIPE"))],
  ] as const
) {
  Deno.test(`Progress continues when its write ${how}`, async () => {
    const terminal = new FakeTerminal();
    terminal.answer = answer;
    const progress = await terminal.progress();
    progress.start();
    progress.tick();
    await settled();
    progress.tick();
    await progress.stop();
    assertEquals(terminal.written.length, 3);
  });
}

Deno.test("Progress prints whole lines and erases nothing in log mode", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress({ mode: "log" });
  progress.start();
  for (const [ms, requests] of [[10_000, 100], [20_000, 400]]) {
    [terminal.ms, terminal.requests] = [ms, requests];
    progress.tick();
    await settled();
  }
  await progress.stop();
  assertEquals(terminal.written.map((line) => line.replace(/ errors.*[^\n]/, "")), [
    "myriad: 100/1,000, 10 %, 10.0/s, 2\n",
    "myriad: 400/1,000, 40 %, 30.0/s, 2\n",
  ]);
});

Deno.test("Progress does nothing in mode 'none'", async () => {
  const terminal = new FakeTerminal();
  const progress = await terminal.progress({ mode: "none" });
  progress.start();
  await progress.stop();
  assertEquals([terminal.written, terminal.snapshots], [[], 0]);
});

Deno.test("Progress draws by itself after start()", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const terminal = new FakeTerminal();
  terminal.answer = resolve;
  const progress = await terminal.progress();
  progress.start();
  // Its timer keeps no process alive, so something else has to.
  using _alive = every(1_000, () => {});
  await promise;
  await progress.stop();
  assertMatch(terminal.written[0], /^\r0\/1,000/);
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
