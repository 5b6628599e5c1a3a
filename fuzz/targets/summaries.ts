import { mergeSummaries } from "../../lib/commands/report/merge.ts";
import { parseSummary } from "../../lib/commands/report/summary.ts";
import { UsageError } from "../../lib/errors.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { attempt, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

const histogram = new Histogram();
for (const micros of [5, 1_000, 1_500, 1e6]) histogram.record(micros);
const SUMMARY = {
  requests: 4,
  succeeded: 3,
  failed: 1,
  errors: { timeout: 1 },
  statuses: { 200: 3 },
  seconds: 1.5,
  started: "2026-01-01T00:00:00.000Z",
  latency_ms: undefined,
  hosts: [{ host: "h:80", requests: 4, failed: 1, mean_ms: 1, max_ms: 2 }],
  slowest: [{ i: 0, url: "http://h/", status: 200, ms: 5, at: null }],
  histogram: JSON.parse(JSON.stringify(histogram.toJSON())),
};

export const target: FuzzTarget = {
  reads: "summaries of runs, as report merges them",
  seeds: [JSON.stringify(SUMMARY), JSON.stringify({ requests: 0, succeeded: 0, failed: 0 })],
  tokens: [
    '"histogram":',
    '"counts":',
    '"hosts":',
    '"slowest":',
    "null",
    "[]",
    "{}",
    ",",
    "1e308",
    "-0",
  ],
  maxSteps: (bytes) => 2_000_000 + 1_000 * bytes,

  run(input) {
    const text = decode(input);
    const read = attempt(() => parseSummary(text, "x"), UsageError);
    if ("error" in read) return read.error;
    const merged = attempt(() => mergeSummaries([read.value, read.value]), UsageError);
    if ("error" in merged) return merged.error;
    const { requests, succeeded, failed } = merged.value;
    const counts = [read.value.requests, read.value.succeeded, read.value.failed].map((it) =>
      2 * it
    );
    holdEqual([requests, succeeded, failed], counts, "twice a summary is not twice its counts");
    const json = JSON.stringify(merged.value);
    hold(!/NaN|Infinity/.test(json), "a figure is not a number");
    return json;
  },
};
