import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { formatMetrics } from "../../lib/metrics/exposition.ts";
import { ERROR_KINDS } from "../../lib/result.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Snapshot, Verdict } from "../../lib/stats/snapshot.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { Exposition } from "../fixtures/exposition.ts";
import { moment } from "../fixtures/moment.ts";
import { result } from "../fixtures/result.ts";
import { workerFigures } from "../fixtures/workers.ts";

function snapshotOf(changes: Partial<Snapshot> = {}): Snapshot {
  const figures = new Stats().snapshot(moment());
  return { ...figures, thresholds: [], aborted: undefined, ...changes };
}

const BUILD = { version: "1.2.3", startMs: 1_700_000_000_500 };

const parsed = (changes: Partial<Snapshot> = {}): Exposition =>
  new Exposition(formatMetrics(snapshotOf(changes), BUILD));

Deno.test("formatMetrics() has each error kind at 0 from the start", () => {
  const exposition = parsed();
  assertEquals(Object.keys(exposition.by("myriad_errors_total")), [...ERROR_KINDS]);
  assertEquals(exposition.by("myriad_requests_total"), { succeeded: 0, failed: 0 });
  assertEquals(exposition.value("myriad_request_duration_seconds_count"), 0);
});

Deno.test("formatMetrics() leaves out metrics that have no value", () => {
  const exposition = parsed();
  const unknown = ["target_requests_per_second", "requests_planned", "progress_ratio", "own_late"];
  for (const name of unknown) {
    assertEquals(exposition.value(`myriad_${name}`), undefined);
    assert(!exposition.text.includes(name));
  }
});

Deno.test("formatMetrics() gives numbers in base units", () => {
  const histogram = new Histogram();
  for (const micros of [80, 900, 1_500_000]) histogram.record(micros);
  const exposition = parsed({
    histogram,
    total: 10,
    requests: 5,
    phases: { ttfb: histogram },
    targetRate: 0.5,
    statuses: { 200: 3, 503: 1 },
    retries: { 503: 2, timeout: 1 },
    late: { count: 4, meanMs: 250, maxMs: 900 },
    ownLateHistogram: histogram,
    shortages: { "too many open files": 2, "no local port left": 1 },
    errors: { timeout: { count: 2, examples: [] } },
  });
  const value = (name: string, labels = {}): number | undefined =>
    exposition.value(`myriad_${name}`, labels);
  assertEquals(value("build_info", { version: "1.2.3", deno: Deno.version.deno }), 1);
  assertEquals(value("start_time_seconds"), 1_700_000_000.5);
  assertEquals(value("elapsed_seconds"), 2);
  assertEquals([value("requests_planned"), value("progress_ratio")], [10, 0.5]);
  assertEquals(value("target_requests_per_second"), 0.5);
  assertEquals(exposition.by("myriad_responses_total"), { 200: 3, 503: 1 });
  assertEquals(exposition.by("myriad_retries_total"), { 503: 2, timeout: 1 });
  assertEquals(value("errors_total", { kind: "timeout" }), 2);
  assertEquals([value("late_starts_total"), value("late_start_seconds_total")], [4, 1]);
  assertEquals([value("own_late_seconds_total"), value("own_late_seconds_max")], [1.50098, 1.5]);
  assertEquals(exposition.by("myriad_phases_total"), { ttfb: 3 });
  assertEquals(exposition.by("myriad_phase_seconds_total"), { ttfb: 1.50098 });
  assertEquals(value("shortages_total"), 3);
  assertEquals(value("resident_memory_bytes"), 50e6);
  assertEquals(value("resident_memory_peak_bytes"), 61_440_000);
  assertEquals([value("cpu_seconds_total"), value("event_loop_busy_ratio")], [0.5, 0.25]);
  const upTo = (le: string): number | undefined => value("request_duration_seconds_bucket", { le });
  assertEquals(["0.0001", "0.001", "1", "2.5", "+Inf"].map(upTo), [1, 2, 2, 3, 3]);
  assertEquals(value("request_duration_seconds_sum"), 1.50098);
  assertEquals(value("request_duration_seconds_count"), 3);
});

Deno.test("formatMetrics() tells how busy each event loop is when there are several", () => {
  const exposition = parsed({ threads: 2, loopBusy: 0.25, workersBusy: [0.5, 1] });
  assertEquals(exposition.by("myriad_event_loop_busy_ratio"), { main: 0.25, 0: 0.5, 1: 1 });
  assertEquals(exposition.value("myriad_threads"), 2);
  assert(exposition.text.includes('myriad_event_loop_busy_ratio{thread="main"} 0.25\n'));
  assert(parsed().text.includes("\nmyriad_event_loop_busy_ratio 0.25\n"));
  assertEquals(parsed().value("myriad_threads"), 1);
});

Deno.test("formatMetrics() escapes a label when its value is hostile", () => {
  const text = 'p99<"5\\"}\nmyriad_evil 1';
  const verdict: Verdict = { threshold: text, value: 1, bound: 2, unit: "ms", holds: false };
  const exposition = parsed({ thresholds: [verdict] });
  assertEquals(exposition.by("myriad_threshold_held"), { [text]: 0 });
  assertEquals(exposition.families.has("myriad_evil"), false);
});

Deno.test("formatMetrics() has the workers of a run on several machines, of which 100 by name", () => {
  const workers = [
    workerFigures("gone", { state: "gone" }),
    workerFigures("silent", { state: "silent" }),
    ...Array.from({ length: 150 }, (_, k) => workerFigures(`w${k}`, { loopBusy: k / 1_000 })),
  ];
  const exposition = parsed({ workers, workersBusy: workers.map(({ loopBusy }) => loopBusy) });
  assertEquals(exposition.by("myriad_workers"), { busy: 150, silent: 1, gone: 1, left: 0 });
  const busy = exposition.by("myriad_worker_event_loop_busy_ratio");
  assertEquals([Object.keys(busy).length, busy.w7, busy.silent], [100, 0.007, undefined]);
  // The submitter's own; others stand for themselves.
  assertEquals(exposition.value("myriad_event_loop_busy_ratio"), 0.25);
  assert(!parsed().text.includes("myriad_worker"));
});

Deno.test("formatMetrics() lets no counter fall when a worker takes with it what it has counted", () => {
  const floors = new Map<string, number>();
  const of = (requests: number, inFlight: number): Exposition => {
    const stats = new Stats();
    for (let k = 0; k < requests; k++) stats.record(result({ ms: 10 }));
    const snapshot = {
      ...stats.snapshot(moment({ inFlight })),
      thresholds: [],
      aborted: undefined,
    };
    return new Exposition(formatMetrics(snapshot, BUILD, floors));
  };
  const shown = [[5, 3], [3, 1], [7, 2]].map(([requests, inFlight]) => {
    const exposition = of(requests, inFlight);
    return [
      exposition.by("myriad_requests_total").succeeded,
      exposition.value("myriad_request_duration_seconds_count"),
      exposition.value("myriad_requests_in_flight"),
    ];
  });
  assertEquals(shown, [[5, 5, 3], [5, 5, 1], [7, 7, 2]]);
  const { size } = floors;
  of(9, 1);
  assertEquals(floors.size, size);
});

Deno.test("formatMetrics() writes large numbers with all their digits", () => {
  const text = formatMetrics(snapshotOf({ bytes: 2 ** 60, succeeded: 2 ** 53 - 1 }), BUILD);
  assertStringIncludes(text, "\nmyriad_body_bytes_total 1152921504606847000\n");
  assertStringIncludes(text, '\nmyriad_requests_total{result="succeeded"} 9007199254740991\n');
});
