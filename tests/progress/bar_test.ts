import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatBar, formatLogLine } from "../../lib/progress/bar.ts";
import type { Snapshot, WorkerState } from "../../lib/stats/snapshot.ts";
import { ATTACKED, COLORS, EMPTY, HUGE, RAW, SNAPSHOT } from "../fixtures/report_snapshots.ts";
import { workerFigures } from "../fixtures/workers.ts";

Deno.test("formatBar() shows no latency without a response", () => {
  const bar = formatBar({ ...SNAPSHOT, succeeded: 0 }, 850, { columns: 200, color: false });
  assertMatch(bar, / {2}p50 - p99 - {2}/);
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
        const colored = formatBar(snapshot, rate, { columns, color: true });
        assertEquals(colored.replaceAll(COLORS, ""), bar);
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

Deno.test("formatLogLine() gives the bar's figures in one line", () => {
  assertEquals(
    formatLogLine({ ...SNAPSHOT, failed: 1 }, 850),
    "660,000/1,000,000, 66 %, 850/s, 1 error, ETA 6:40, 16:40, p50 1.50 s p99 2.97 s, " +
      "1,000 in flight, 90.0 MB",
  );
  assert(!RAW.test(formatLogLine(ATTACKED, 1)));
});

Deno.test("formatBar() and formatLogLine() show how many workers there are", () => {
  const of = (...states: readonly WorkerState[]): Snapshot => ({
    ...SNAPSHOT,
    workers: states.map((state, k) => workerFigures(`w${k}`, { state })),
  });
  const words: readonly (readonly [Snapshot, string])[] = [
    [of(), "no worker"],
    [of("gone", "left"), "no worker"],
    [of("busy", "left"), "1 worker"],
    [of("busy", "busy", "gone"), "2 workers"],
    [of("busy", "silent", "busy"), "3 workers, 1 silent"],
  ];
  for (const [snapshot, text] of words) {
    assert(formatBar(snapshot, 850, WIDE).includes(`  16:40  ${text}  p50`), text);
    assert(formatLogLine(snapshot, 850).includes(`, ${text}, p50`), text);
  }
});

Deno.test("formatLogLine() tells days apart, and large numbers with all digits", () => {
  const line = formatLogLine(
    { ...SNAPSHOT, requests: 6_000_000_000, total: undefined, seconds: 93_784 },
    66_000,
    { durationMs: 30 * 86_400_000, elapsedMs: 93_784_000 },
  );
  assert(
    line.startsWith("6,000,000,000, 3 %, 66,000/s, 2 errors, ETA 28d 21:56:56, 1d 02:03:04, p50"),
    line,
  );
});
