import { assert, assertEquals } from "@std/assert";
import { SeriesRecorder } from "../../lib/series/recorder.ts";
import type { Series } from "../../lib/series/series.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { type Moment, Stats } from "../../lib/stats/stats.ts";
import { every } from "../fixtures/every.ts";
import { result } from "../fixtures/result.ts";

/** A run whose time a test makes pass. */
class FakeRun {
  stats = new Stats();
  now = 5_000;
  inFlight = 0;
  rssBytes = 1;
  readonly recorder: SeriesRecorder;

  constructor() {
    this.recorder = new SeriesRecorder(() => this.snapshot(), {
      now: () => this.now,
      startMs: 1e12,
    });
  }

  snapshot(): Snapshot {
    const moment = { inFlight: this.inFlight, rssBytes: this.rssBytes, seconds: 1, concurrency: 1 };
    return {
      ...this.stats.snapshot(moment as Moment),
      thresholds: [],
      aborted: undefined,
    };
  }

  /** Lets time pass in which so many answers come, and looks. */
  pass(ms: number, answers: readonly number[] = []): void {
    for (const latency of answers) this.stats.record(result({ ms: latency }));
    this.now += ms;
    this.recorder.look();
  }
}

/** All columns as long as the first. */
function lengthOf(series: Series): number {
  const { intervalMs: _interval, startMs: _start, failed, ...columns } = series;
  const lengths = [...Object.values(columns), ...Object.values(failed)].map(({ length }) => length);
  assertEquals(new Set(lengths).size, 1);
  return lengths[0];
}

Deno.test("SeriesRecorder gives each interval's rates and percentiles", () => {
  const run = new FakeRun();
  run.pass(100, [10, 20, 30, 40]);
  run.inFlight = 7;
  run.rssBytes = 99;
  run.pass(100, [1_000, 2_000]);
  run.pass(100);
  run.now += 60;
  const series = run.recorder.stop();
  assertEquals([series.intervalMs, series.startMs, lengthOf(series)], [100, 1e12, 4]);
  assertEquals(series.rate, [40, 20, 0, 0]);
  assertEquals(series.max[0], 40);
  assert(series.p50[1]! >= 1_000 && series.p50[1]! < 1_008, `${series.p50}`);
  assertEquals([series.max[1], series.p50.slice(2)], [2_000, [null, null]]);
  assertEquals([series.inFlight, series.rssBytes], [[0, 7, 7, 7], [1, 99, 99, 99]]);
});

Deno.test("SeriesRecorder counts each interval's failures by kind", () => {
  const run = new FakeRun();
  const before = new Stats();
  before.record(result({ status: null, error: "dns" }));
  assertEquals(Object.keys(before.snapshot({} as Moment).errors), ["dns"]);
  run.stats.record(result({ status: null, error: "timeout", detail: "" }));
  run.pass(100);
  run.stats.record(result({ status: null, error: "reset", detail: "" }));
  run.stats.record(result({ status: null, error: "reset", detail: "" }));
  run.pass(100);
  const { failed } = run.recorder.stop();
  assertEquals(failed, { reset: [0, 20], timeout: [10, 0] });
});

Deno.test("SeriesRecorder counts from the point where a run was resumed", () => {
  const run = new FakeRun();
  const stats = new Stats();
  for (let k = 0; k < 1_000; k++) stats.record(result({ ms: 5 }));
  stats.record(result({ status: null, error: "dns", detail: "" }));
  const resumed = Stats.from(JSON.parse(JSON.stringify(stats)));
  Object.assign(run, { stats: resumed });
  const recorder = new SeriesRecorder(() => run.snapshot(), { now: () => run.now });
  resumed.record(result({ ms: 50 }));
  run.now += 100;
  recorder.look();
  const { rate, max, failed } = recorder.stop();
  assertEquals([rate, max, failed], [[10], [50], {}]);
});

Deno.test("SeriesRecorder has at most 400 intervals, and loses no request", () => {
  const run = new FakeRun();
  let answers = 0;
  for (let k = 0; k < 5_000; k++) {
    run.pass(100, [k % 7, 10]);
    answers += 2;
  }
  const series = run.recorder.stop();
  const length = lengthOf(series);
  assertEquals([series.intervalMs, length], [1_600, Math.ceil(500_000 / 1_600)]);
  const sum = series.rate.reduce<number>((sum, rate, k) => {
    const ms = k === length - 1 ? 500_000 - (length - 1) * 1_600 : 1_600;
    return sum + rate! * ms / 1_000;
  }, 0);
  assert(Math.abs(sum - answers) < 1e-6, `${sum}`);
});

Deno.test("SeriesRecorder merges percentiles by their histograms", () => {
  const run = new FakeRun();
  const all = new Histogram();
  // Each odd interval has few slow answers, each even one many fast ones.
  for (let k = 0; k < 401; k++) {
    const answers = k % 2 === 0 ? [10, 10, 10, 10, 10, 10, 10, 10, 10] : [1_000];
    if (k < 2) { for (const ms of answers) all.record(ms * 1_000); }
    run.pass(100, answers);
  }
  const { p50, p90, p99, max, intervalMs } = run.recorder.stop();
  assertEquals(intervalMs, 200);
  const expected = all.percentiles([50, 90, 99, 100]).map((micros) => micros / 1_000);
  assertEquals([p50[0], p90[0], p99[0], max[0]], expected);
  assertEquals(new Set(p90.slice(0, 200)), new Set([expected[1]]));
});

Deno.test("SeriesRecorder has null for intervals without a look", () => {
  const run = new FakeRun();
  run.pass(100, [1]);
  // The process was stopped for a while.
  run.pass(1_000, [1, 1]);
  run.pass(100, [1]);
  const { rate } = run.recorder.stop();
  assertEquals(rate, [10, null, null, null, null, null, 2, null, null, null, null, 10]);
});

Deno.test("SeriesRecorder assigns early and late looks to their intervals", () => {
  const run = new FakeRun();
  for (const ms of [99, 102, 98, 130, 71, 100]) run.pass(ms, [1]);
  const { rate } = run.recorder.stop();
  assertEquals(rate.map((value) => Math.round(value!)), [10, 10, 10, 8, 14, 10]);
});

Deno.test("SeriesRecorder.stop() gives one interval for a run without duration", () => {
  const run = new FakeRun();
  const series = run.recorder.stop();
  assertEquals([lengthOf(series), series.rate], [1, [null]]);
  const short = new FakeRun();
  short.stats.record(result({ ms: 3 }));
  short.now += 10;
  assertEquals(short.recorder.stop().rate, [100]);
});

Deno.test("SeriesRecorder adds a short rest to the last interval", () => {
  const run = new FakeRun();
  run.pass(100, [1]);
  run.now += 5;
  run.stats.record(result());
  const { rate } = run.recorder.stop();
  assertEquals([rate.length, Math.round(rate[0]!)], [1, 19]);
});

Deno.test("SeriesRecorder stays in bounds when the machine slept for a year", () => {
  const run = new FakeRun();
  run.pass(100, [1]);
  run.pass(365 * 86_400_000, [1]);
  const series = run.recorder.stop();
  assert(lengthOf(series) <= 400);
  assertEquals(series.rate.filter((rate) => rate !== null).length, 2);
});

Deno.test("SeriesRecorder looks by itself between start() and stop()", async () => {
  let looks = 0;
  const run = new FakeRun();
  const third = Promise.withResolvers<void>();
  const recorder = new SeriesRecorder(() => {
    if (++looks === 4) third.resolve();
    return run.snapshot();
  });
  recorder.start();
  // Its own timer keeps no process alive; this one does.
  using _alive = every(1_000, () => {});
  await third.promise;
  const { rate } = recorder.stop();
  assert(rate.length >= 3);
});

Deno.test("SeriesRecorder has no negative rates when a worker takes with it what it has counted", () => {
  const run = new FakeRun();
  run.pass(100, [10, 20, 30, 40]);
  run.stats = new Stats();
  run.pass(100, [10, 50]);
  run.pass(100, [60]);
  const series = run.recorder.stop();
  assertEquals(series.rate, [40, 0, 10]);
  assertEquals(series.p50.map((ms) => ms !== null && ms > 0), [true, true, true]);
});
