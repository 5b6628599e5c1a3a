import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatSummary } from "../../lib/report/json.ts";
import { ATTACKED, HELD, HOSTILE, LATENCY, RAW, SNAPSHOT } from "../fixtures/report_snapshots.ts";

Deno.test("formatSummary() has exactly the names of the contract, in order", () => {
  const text = formatSummary(SNAPSHOT, { version: "1.2.3" });
  assertMatch(text, /^\{\n {2}"requests": 660000,\n[^]*\n\}\n$/);
  assertEquals(JSON.parse(text), {
    requests: 660_000,
    succeeded: 659_998,
    failed: 2,
    warm_up: 0,
    skipped: 0,
    errors: { timeout: { count: 2, examples: [{ url: "http://host/7", detail: "no answer" }] } },
    statuses: { "200": 659_990, "503": 8 },
    seconds: 1000,
    started: "2026-01-31T00:00:00.000Z",
    rate: 660,
    bytes: 8_580_000,
    latency_ms: { ...LATENCY, min: 12.346 },
    phases_ms: { dns: null, connect: null, tls: null, ttfb: null },
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
    transport: "portable",
    threads: 1,
    cluster: null,
    flow: null,
    shortages: {},
    version: "1.2.3",
    resumed: false,
    interrupted: false,
    aborted: null,
    thresholds: [],
    slowest: null,
    hosts: null,
    own_late_histogram: null,
    phase_histograms: {},
    flow_tally: null,
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

Deno.test("formatSummary() has the slowest responses and the busiest hosts that are asked for", () => {
  const slow = (i: number) => ({ i, url: "http://u:p@h/?token=x&a=1", status: 200, ms: 9, at: 5 });
  const host = (name: string, requests: number) => ({
    ...{ host: name, requests, failed: 1, meanMs: 1.23456, maxMs: 2 },
  });
  const snapshot = {
    ...SNAPSHOT,
    top: 2,
    slowest: [slow(0), slow(1), slow(2)],
    hosts: [host("a", 2), host("b", 4), host("c", 3)],
  };
  const { slowest, hosts } = JSON.parse(formatSummary(snapshot, { version: "1.2.3" }));
  const at = "1970-01-01T00:00:00.005Z";
  assertEquals(
    slowest,
    [0, 1].map((i) => ({ i, url: "http://h/?token=…&a=1", status: 200, ms: 9, at })),
  );
  assertEquals(hosts, [
    { host: "b", requests: 4, failed: 1, mean_ms: 1.235, max_ms: 2 },
    { host: "c", requests: 3, failed: 1, mean_ms: 1.235, max_ms: 2 },
    { host: "others", requests: 2, failed: 1, mean_ms: 1.235, max_ms: 2 },
  ]);
});

Deno.test("formatSummary() escapes text for a terminal, and loses nothing", () => {
  const text = formatSummary(ATTACKED, { version: "1.2.3" });
  assert(!RAW.test(text), JSON.stringify(text));
  const { errors, hosts } = JSON.parse(text);
  assertEquals([errors, hosts[0].host], [ATTACKED.errors, HOSTILE]);
});

Deno.test("formatSummary() has no start that a date cannot be, as a damaged journal makes it", () => {
  const started = (startedMs: number): string | null =>
    JSON.parse(formatSummary({ ...SNAPSHOT, startedMs }, { version: "1" })).started;
  assertEquals([started(-1e20), started(1e12)], [null, "2001-09-09T01:46:40.000Z"]);
});
