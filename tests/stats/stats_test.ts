import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { MIGRATIONS } from "../../lib/checkpoint/migrations.ts";
import { ERROR_KINDS, type Result } from "../../lib/result.ts";
import type { Statistics } from "../../lib/stats/snapshot.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { findWrongStat, type Moment, Stats, type StatsState } from "../../lib/stats/stats.ts";
import { result } from "../fixtures/result.ts";

const MOMENT: Moment = {
  seconds: 10,
  concurrency: 4,
  retrying: 0,
  held: 0,
  paused: 0,
  targetRate: undefined,
  inFlight: 0,
  total: undefined,
  progress: undefined,
  rssBytes: 1,
  peakRssKb: 2,
  cpuSeconds: 3,
  loopBusy: 0,
  threads: 1,
  workersBusy: [],
  engine: "fetch",
  transport: "portable",
  shortages: {},
  interrupted: false,
  resumed: false,
};

function resultOf(partial: Partial<Result> = {}, url = "http://host/"): Result {
  return result(partial, { url });
}

function snapshotOf(results: readonly Result[], moment: Partial<Moment> = {}): Statistics {
  const stats = new Stats();
  for (const result of results) stats.record(result);
  return stats.snapshot({ ...MOMENT, ...moment });
}

const TIMEOUT = { status: null, error: "timeout", bytes: 0 } as const;

Deno.test("Stats counts responses, failures, statuses, bytes and attempts", () => {
  const snapshot = snapshotOf([
    resultOf(),
    resultOf({ status: 404, bytes: 7, attempts: 3 }),
    resultOf({ status: 999 }),
    resultOf(TIMEOUT),
    resultOf({ status: 500, error: "expect" }),
  ]);
  const { requests, succeeded, failed, bytes, attempts, rate } = snapshot;
  assertEquals({ requests, succeeded, failed, bytes, attempts, rate }, {
    requests: 5,
    succeeded: 3,
    failed: 2,
    bytes: 46,
    attempts: 7,
    rate: 0.5,
  });
  assertEquals(snapshot.statuses, { "200": 1, "404": 1, "500": 1, "999": 1 });
  assertEquals(Object.keys(snapshot.errors), ["timeout", "expect"]);
});

Deno.test("Stats has as many requests as successes and failures after each result", () => {
  const stats = new Stats();
  for (const [i, error] of [undefined, ...ERROR_KINDS, undefined].entries()) {
    stats.record(resultOf({ error, status: i % 2 === 0 ? 200 : null }));
    const { requests, succeeded, failed } = stats.snapshot(MOMENT);
    assertEquals([requests, stats.requests], [i + 1, succeeded + failed]);
  }
});

Deno.test("Stats does not mix the durations of failures into the latencies", () => {
  const { latency, meanInFlightMs } = snapshotOf([
    resultOf({ ms: 0.1 }),
    resultOf({ ms: 0.2 }),
    resultOf({ ...TIMEOUT, ms: 30_000 }),
    resultOf({ status: 503, error: "expect", ms: 900 }),
  ]);
  assertEquals([latency.min, latency.p50, latency.p9999, latency.max], [0.1, 0.1, 0.2, 0.2]);
  assertAlmostEquals(latency.mean, 0.15, 1e-9);
  assertAlmostEquals(meanInFlightMs, 30_900.3 / 4, 1e-9);
});

Deno.test("Stats counts no time for requests that were not sent", () => {
  const { meanInFlightMs, utilization, failed } = snapshotOf([
    resultOf(),
    resultOf({ status: null, error: "url", attempts: 0, ms: 5000 }),
  ]);
  assertEquals([meanInFlightMs, utilization, failed], [1000, 1 / 40, 1]);
});

Deno.test("Stats counts requests unsent to a host that was given up, also after a restore", () => {
  const stats = new Stats();
  for (
    const more of [
      { error: "refused", attempts: 0 },
      { error: "refused", attempts: 1 },
      { error: "url", attempts: 0 },
      { error: "cancelled", attempts: 0 },
      { error: "timeout", attempts: 0 },
    ] as const
  ) stats.record(resultOf({ status: null, ...more }));
  stats.record(resultOf());
  assertEquals(stats.snapshot(MOMENT).skipped, 2);
  const state = JSON.parse(JSON.stringify(stats));
  assertEquals(Stats.from(state).snapshot(MOMENT).skipped, 2);
  assertEquals(Stats.from(state).withoutFailed().snapshot(MOMENT).skipped, 0);
  // As journals were before there was such a thing.
  delete state.skipped;
  const [fill] = MIGRATIONS;
  const filled = fill({ stats: state }).stats as StatsState;
  assertEquals(Stats.from(filled).snapshot(MOMENT).skipped, 0);
});

Deno.test("Stats keeps the first five examples of each kind", () => {
  const results = Array.from(
    { length: 8 },
    (_, i) => resultOf({ ...TIMEOUT, detail: `no answer ${i}` }, `http://host/${i}`),
  );
  const { errors } = snapshotOf([
    ...results,
    resultOf({ status: null, error: "dns" }, "http://x/"),
  ]);
  assertEquals(errors.timeout, {
    count: 8,
    examples: [0, 1, 2, 3, 4].map((i) => ({ url: `http://host/${i}`, detail: `no answer ${i}` })),
  });
  assertEquals(errors.dns, { count: 1, examples: [{ url: "http://x/", detail: "" }] });
});

Deno.test("Stats cuts an example's texts to 200 characters, and splits no pair", () => {
  const long = "a".repeat(5000);
  const pairs = "b" + "\u{1f600}".repeat(500);
  const { errors } = snapshotOf([
    resultOf({ ...TIMEOUT, detail: pairs }, long),
    resultOf({ ...TIMEOUT, detail: "d".repeat(201) }, "u".repeat(200)),
    resultOf({ ...TIMEOUT, detail: "\u{1f600}".repeat(500) }),
  ]);
  const [first, second, third] = errors.timeout!.examples;
  assertEquals(first.url, `${"a".repeat(199)}…`);
  assertEquals(first.detail, `b${"\u{1f600}".repeat(99)}…`);
  assertEquals(second, { url: "u".repeat(200), detail: `${"d".repeat(199)}…` });
  assertEquals(third.detail, `${"\u{1f600}".repeat(99)}…`);
});

Deno.test("Stats.snapshot() is not changed by later results", () => {
  const stats = new Stats({ details: true });
  stats.record(resultOf({ ...TIMEOUT }));
  stats.record(resultOf());
  const snapshot = stats.snapshot(MOMENT);
  const plain = () => ({ ...snapshot, histogram: snapshot.histogram.toJSON() });
  const before = structuredClone(plain());
  for (let i = 0; i < 10; i++) stats.record(resultOf({ ...TIMEOUT, status: 503 }));
  for (let i = 0; i < 10; i++) stats.record(resultOf({ ms: 2000 }));
  assertEquals(plain(), before);
});

const UTILIZATION: [string, number, Partial<Moment>, number][] = [
  ["every place was busy all the time", 40, {}, 1],
  ["half of the places were", 20, {}, 0.5],
  ["rounding makes it more than all", 41, {}, 1],
  ["there are fewer requests than places", 4, { concurrency: 1000, total: 4 }, 0.1],
  ["there are more requests than places", 20, { total: 1000 }, 0.5],
  ["no time passed", 20, { seconds: 0 }, 0],
  ["there is nothing to do", 0, { total: 0 }, 0],
  ["nothing ended yet", 0, {}, 0],
];
for (const [what, seconds, moment, utilization] of UTILIZATION) {
  Deno.test(`Stats.snapshot() gives a utilization of ${utilization} when ${what}`, () => {
    const results = Array.from({ length: seconds }, () => resultOf());
    const snapshot = snapshotOf(results, moment);
    assertAlmostEquals(snapshot.utilization, utilization, 1e-12);
    // Little's law: what the places allow is their number by the mean time in flight.
    const { meanInFlightMs, rate, concurrency, total = Infinity } = snapshot;
    const most = Math.min(concurrency, total) / (meanInFlightMs / 1000);
    if (rate > 0) assertAlmostEquals(snapshot.utilization, Math.min(1, rate / most), 1e-12);
  });
}

Deno.test("Stats.snapshot() has no NaN and no infinity without requests", () => {
  const moments: Partial<Moment>[] = [{}, { seconds: 0 }, { total: 0 }, { concurrency: 0 }];
  for (const moment of moments) {
    for (const results of [[], [resultOf(TIMEOUT)], [resultOf({ ms: 0 })]]) {
      const { latency, ...rest } = snapshotOf(results, moment);
      for (const [name, value] of [...Object.entries(rest), ...Object.entries(latency)]) {
        if (typeof value === "number") assert(Number.isFinite(value), `${name}: ${value}`);
      }
    }
  }
});

const missed = (status: number, expectation: string): Result =>
  resultOf({ status, error: "expect", detail: "not so", expectation });

Deno.test("Stats.withoutFailed() removes the statuses of mismatches", () => {
  const stats = new Stats();
  stats.record(resultOf({ status: 200 }));
  stats.record(missed(200, "a"));
  stats.record(missed(404, "b"));
  stats.record(resultOf({ status: null, error: "reset", detail: "" }));
  for (const each of [stats, Stats.from(JSON.parse(JSON.stringify(stats)))]) {
    const { statuses, latency, errors } = each.snapshot(MOMENT);
    assertEquals([statuses, errors.expect?.count], [{ 200: 2, 404: 1 }, 2]);
    assertEquals(latency.max, 1000);
    const rest = each.withoutFailed().snapshot(MOMENT);
    assertEquals([rest.requests, rest.statuses, rest.errors], [1, { 200: 1 }, {}]);
  }
});

Deno.test("Stats.withoutFailed() reads a journal older than expectations", () => {
  const stats = new Stats();
  stats.record(resultOf({ status: 404 }));
  const { ofFailed, ...state } = JSON.parse(JSON.stringify(stats));
  delete ofFailed.statuses;
  const [fill] = MIGRATIONS;
  const filled = fill({ stats: { ...state, ofFailed } }).stats as StatsState;
  assertEquals(Stats.from(filled).withoutFailed().requests, 1);
});

Deno.test("Stats.snapshot() counts mismatches by expectation, up to a bound", () => {
  const stats = new Stats();
  for (let k = 0; k < 150; k++) stats.record(missed(404, `expectation ${k}`));
  for (let k = 0; k < 9; k++) stats.record(missed(404, "expectation 0"));
  const { reasons } = Stats.from(JSON.parse(JSON.stringify(stats))).snapshot(MOMENT).errors.expect!;
  assertEquals(reasons!.length, 101);
  assertEquals([reasons![0].expectation, reasons![0].count, reasons![0].examples.length], [
    "expectation 0",
    10,
    5,
  ]);
  assertEquals([reasons![100].expectation, reasons![100].count], ["others", 50]);
});

Deno.test("Stats keeps hosts and slowest responses only with details, and not in journals", () => {
  const stats = new Stats({ details: true });
  const plain = new Stats();
  for (const each of [stats, plain]) each.record(resultOf({ ms: 7 }));
  const { hosts, slowest } = stats.snapshot(MOMENT);
  assertEquals(hosts, [{ host: "host", requests: 1, failed: 0, meanMs: 7, maxMs: 7 }]);
  assertEquals(slowest, [{ i: 0, url: "http://host/", status: 200, ms: 7, at: 0 }]);
  const bare = plain.snapshot(MOMENT);
  assertEquals([bare.hosts, bare.slowest], [[], []]);
  assertEquals(JSON.stringify(stats), JSON.stringify(plain));
  const resumed = Stats.from(JSON.parse(JSON.stringify(stats)), { details: true });
  resumed.record(resultOf({ ms: 5 }));
  const after = resumed.snapshot(MOMENT);
  assertEquals([after.requests, after.hosts[0].requests, after.slowest.length], [2, 1, 1]);
});

Deno.test("Stats keeps hosts and slowest responses in journals where the summary has them", () => {
  const failing = resultOf({ status: null, error: "reset", detail: "", ms: 3 }, "http://other/");
  const stats = new Stats({ top: 5 });
  for (const one of [resultOf({ ms: 7 }), failing, resultOf({ ms: 9 })]) stats.record(one);
  const state = JSON.parse(JSON.stringify(stats));
  assertEquals(findWrongStat(state), undefined);
  const resumed = Stats.from(state, { top: 5 });
  assertEquals(JSON.stringify(resumed), JSON.stringify(stats));
  resumed.record(resultOf({ ms: 8 }));
  const { hosts, slowest, top } = resumed.snapshot(MOMENT);
  assertEquals(hosts, [
    { host: "host", requests: 3, failed: 0, meanMs: 8, maxMs: 9 },
    { host: "other", requests: 1, failed: 1, meanMs: 0, maxMs: 0 },
  ]);
  assertEquals([slowest.map(({ ms }) => ms), top], [[9, 8, 7], 5]);
  // Without the failures, as though they had never been requested.
  const again = resumed.withoutFailed().snapshot(MOMENT);
  assertEquals([again.hosts, again.slowest], [hosts.slice(0, 1), slowest]);
  for (const wrong of [null, {}, { hosts: [1], slowest: [] }, { hosts: [], slowest: [{}] }]) {
    assertEquals(findWrongStat({ ...state, top: wrong }), "top");
  }
});

Deno.test("Stats has the phases of responses that count, and forgets those of refuted ones", () => {
  const stats = new Stats();
  stats.record(resultOf({ ms: 7, ttfbMs: 3 }));
  stats.record(resultOf({ ms: 7, ttfbMs: 4, status: 500, error: "expect", detail: "" }));
  const latency = new Histogram().toJSON();
  const refuted = { requests: 1, bytes: 0, attempts: 1, busyMs: 7, statuses: { 200: 1 }, latency };
  const counts = [stats, stats.withoutFailed(), stats.withoutFailed(refuted)]
    .map((one) => one.snapshot(MOMENT).phases.ttfb?.count);
  assertEquals(counts, [1, 1, undefined]);
});

Deno.test("Stats separates own lateness from waits for places, in journals too", () => {
  assertEquals(new Stats().snapshot(MOMENT).ownLate, undefined);
  const stats = new Stats();
  for (let k = 0; k < 98; k++) stats.recordStart(0);
  stats.recordStart(0.5);
  stats.recordStart(20);
  stats.recordLateStart(7);
  const resumed = Stats.from(JSON.parse(JSON.stringify(stats)));
  for (const one of [stats, resumed, resumed.withoutFailed()]) {
    const { ownLate, ownLateHistogram, late } = one.snapshot(MOMENT);
    assertEquals(ownLate, { mean: 0.205, p50: 0, p99: 0.501, max: 20 });
    assertEquals([ownLateHistogram!.count, late.count], [100, 1]);
  }
  resumed.recordStart(30);
  assertEquals(resumed.snapshot(MOMENT).ownLate!.max, 30);
});

Deno.test("Stats counts on beyond 2^32 requests and 2^53 bytes, in journals too", () => {
  const state = new Stats().toJSON();
  const many = 2 ** 40;
  const before: StatsState = {
    ...state,
    requests: many,
    attempts: many,
    sent: many,
    bytes: 2 ** 54,
    busyMs: many * 1_500,
    statuses: { 200: many },
    latency: {
      min: 10,
      max: 20,
      sum: 15 * many,
      sumOfSquares: 250 * many,
      counts: [[10, many / 2], [
        20,
        many / 2,
      ]],
    },
  };
  const stats = Stats.from(JSON.parse(JSON.stringify(before)));
  for (let k = 0; k < 3; k++) stats.record(resultOf({ bytes: 1_000_000, ms: 0.02 }));
  const { requests, bytes, statuses, latency, histogram } = stats.snapshot(MOMENT);
  assertEquals([requests, statuses[200]], [many + 3, many + 3]);
  assertEquals([bytes, histogram.count], [2 ** 54 + 3_000_000, many + 3]);
  assertEquals([latency.p50, latency.p75], [0.02, 0.02]);
  const journaled = JSON.parse(JSON.stringify(stats.toJSON()));
  assertEquals(findWrongStat(journaled), undefined);
  assertEquals(Stats.from(journaled).toJSON(), stats.toJSON());
});
