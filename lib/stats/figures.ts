/**
 * The figures of a run's summary. A row of {@linkcode FIGURES} says all that the program knows of
 * one. The JSON document, the table and the page, `myriad report` and its `--compare`, the metrics,
 * the thresholds and the check of a summary that is read are made of these rows.
 *
 * @module
 */
import { ERROR_KINDS, type ErrorKind } from "../result.ts";
import { toIsoTime } from "../text/iso_time.ts";
import type { Bounded, Figure } from "./figure.ts";
import { readLatency } from "./latency.ts";
import { FLOW_FIGURE } from "./flow_figure.ts";
import { toFlowState } from "./flow_summary.ts";
import { adviseLatency, LATENCIES, LATENCY_BOUND } from "./latency_bound.ts";
import { parsePercentile } from "./percentile.ts";
import { describePhases } from "./phase_times.ts";
import { mapPhases, PHASES } from "./phases.ts";
import type { Summary } from "./summary.ts";
import { listHosts, listSlowest } from "./top.ts";

/** What two runs are compared by, of each phase. */
const COMPARED = ["p50", "p99"] as const;

/** The figures, in the order of the JSON document. */
export const FIGURES: { readonly [K in keyof Summary]: Figure<Summary[K]> } = {
  requests: {
    kind: "count",
    unit: "count",
    of: "requests",
    merge: "sum",
    compare: [{ title: "requests" }],
    metrics: [{
      name: "myriad_requests_total",
      type: "counter",
      help: "Requests that ended.",
      label: "result",
      of: ({ succeeded, failed }) => ({ succeeded, failed }),
    }],
    thresholds: [{ name: "requests", trend: "grows", isByStep: true }],
  },
  succeeded: {
    kind: "count",
    unit: "count",
    of: "succeeded",
    merge: "sum",
    compare: [{ title: "succeeded" }],
    thresholds: [{ name: "succeeded", trend: "grows", hasShare: true, isByStep: true }],
  },
  failed: {
    kind: "count",
    unit: "count",
    of: "failed",
    merge: "sum",
    compare: [
      { title: "failed" },
      {
        key: "failed_percent",
        title: "failed, share",
        unit: "%",
        of: ({ failed, requests }) => requests > 0 ? failed / requests * 100 : undefined,
      },
    ],
    thresholds: [{ name: "failed", trend: "grows", hasShare: true, isByStep: true }],
  },
  warm_up: { kind: "count", unit: "count", of: ({ warmUp = 0 }) => warmUp, merge: "sum" },
  skipped: {
    kind: "count",
    unit: "count",
    of: "skipped",
    merge: "sum",
    compare: [{ title: "skipped", usual: 0 }],
    metrics: [{
      name: "myriad_skipped_total",
      type: "counter",
      help: "Requests that were not sent, since their host was given up; they failed.",
    }],
    thresholds: [{ name: "skipped", trend: "grows", hasShare: true }],
  },
  errors: {
    kind: "errors",
    unit: "count",
    of: "errors",
    merge: "errors",
    compare: [{
      title: "errors",
      by: ({ errors }) => errors && countByKind(errors),
    }],
    metrics: [{
      name: "myriad_errors_total",
      type: "counter",
      help: "Requests that failed, by kind of error.",
      label: "kind",
      of: ({ errors }) =>
        Object.fromEntries(ERROR_KINDS.map((kind) => [kind, errors[kind]?.count ?? 0])),
    }],
    thresholds: [{
      name: "errors",
      trend: "grows",
      of: ({ errors }, kind) => errors[kind as ErrorKind]?.count ?? 0,
      hasShare: true,
      members: {
        form: /^errors(?:\.(.*))?$/,
        examples: ["errors.KIND"],
        advise: (kind) =>
          (ERROR_KINDS as readonly string[]).includes(kind)
            ? undefined
            : `a kind of errors: ${ERROR_KINDS.join(", ")}, as in errors.timeout<5`,
      },
    }],
  },
  statuses: {
    kind: "statuses",
    unit: "count",
    of: "statuses",
    merge: "statuses",
    compare: [{ title: "statuses", by: ({ statuses }) => statuses }],
    metrics: [{
      name: "myriad_responses_total",
      type: "counter",
      help: "Responses by status code, as expected or not.",
      label: "code",
    }],
    thresholds: [{
      name: "status",
      trend: "grows",
      of: ({ statuses }, status) => countStatuses(statuses, status),
      hasShare: true,
      members: {
        form: /^status(?:\.(.*))?$/,
        examples: ["status.503", "status.5xx"],
        advise: (status) =>
          /^[1-9](\d\d|xx)$/.test(status) ? undefined : "a status, like status.503 or status.5xx",
      },
    }],
  },
  seconds: {
    kind: "number",
    unit: "s",
    of: "seconds",
    merge: "from first start to last end",
    compare: [{ title: "time" }],
    metrics: [{
      name: "myriad_elapsed_seconds",
      type: "gauge",
      help: "How long the run has taken.",
    }],
    thresholds: [{ name: "seconds", trend: "grows" }],
  },
  started: {
    kind: "time or null",
    of: ({ startedMs }) => startedMs === undefined ? null : toIsoTime(startedMs),
    merge: "earliest",
  },
  rate: {
    kind: "number",
    unit: "/s",
    of: "rate",
    merge: "requests by seconds",
    compare: [{ title: "requests/s" }],
    metrics: [{
      name: "myriad_requests_per_second",
      type: "gauge",
      help: "Requests a second that were reached, over the whole run.",
    }],
    thresholds: [{ name: "rate", trend: "drifts", isByStep: true }],
  },
  bytes: {
    kind: "sum",
    unit: "bytes",
    of: "bytes",
    merge: "sum",
    compare: [{ title: "bodies" }],
    metrics: [{
      name: "myriad_body_bytes_total",
      type: "counter",
      help: "Bytes of response bodies.",
    }],
    thresholds: [{ name: "bytes", trend: "grows" }],
  },
  latency_ms: {
    kind: "latency",
    unit: "ms",
    of: "latency",
    merge: "latency of histogram",
    compare: [{
      title: "latency",
      // Without a response there is no latency, though a summary has zeros.
      by: ({ latency_ms, succeeded }) => succeeded > 0 ? { ...latency_ms } : undefined,
      names: LATENCIES,
    }],
    metrics: [{
      name: "myriad_request_duration_seconds",
      type: "histogram",
      help: "How long responses took, without those that failed.",
      of: ({ histogram }) => histogram,
    }],
    thresholds: [
      ...LATENCIES.map((name): Bounded => ({
        ...LATENCY_BOUND,
        name,
        isByStep: true,
        of: ({ latency, succeeded }) => succeeded > 0 ? latency[name] : null,
        sample: ({ succeeded }) => succeeded,
      })),
      {
        ...LATENCY_BOUND,
        name: "percentile",
        isByStep: true,
        of: ({ histogram }, name) => readLatency(histogram, name),
        sample: ({ succeeded }) => succeeded,
        members: {
          form: /^(p\d.*)$/,
          examples: ["p98", "p99.95"],
          advise: (name) =>
            parsePercentile(name) === undefined
              ? "a percentile above p0 and up to p100, like p98 or p99.95"
              : undefined,
        },
      },
    ],
  },
  phases_ms: {
    kind: "phases",
    unit: "ms",
    of: ({ phases }) => describePhases(phases),
    merge: "phases of histograms",
    compare: [{
      title: "phases",
      by: ({ phases_ms }) => phases_ms && listPhaseFigures(phases_ms),
      names: PHASES.flatMap((phase) => COMPARED.map((name) => `${phase} ${name}`)),
    }],
    metrics: [
      {
        name: "myriad_phases_total",
        type: "counter",
        help: "How often a phase of a response was measured: dns, connect, tls, ttfb.",
        label: "phase",
        of: ({ phases }) => ({ ...mapPhases(phases, ({ count }) => count) }),
      },
      {
        name: "myriad_phase_seconds_total",
        type: "counter",
        help: "Seconds that phases of responses took, all together.",
        label: "phase",
        of: ({ phases }) => ({ ...mapPhases(phases, ({ sum }) => sum / 1e6) }),
      },
    ],
    thresholds: PHASES.map((phase): Bounded => ({
      ...LATENCY_BOUND,
      name: phase,
      of: ({ phases }, name) => {
        const histogram = phases[phase];
        return histogram === undefined ? null : readLatency(histogram, name);
      },
      sample: ({ phases }) => phases[phase]?.count ?? 0,
      members: {
        form: new RegExp(`^${phase}(?:\\.(.*))?$`),
        examples: [`${phase}.p95`],
        advise: (name) => adviseLatency(phase, name),
      },
    })),
  },
  concurrency: {
    kind: "count",
    unit: "count",
    of: "concurrency",
    metrics: [{
      name: "myriad_concurrency",
      type: "gauge",
      help: "Most requests that may be in flight.",
    }],
  },
  mean_in_flight_ms: {
    kind: "number",
    unit: "ms",
    of: "meanInFlightMs",
    merge: "mean by attempts",
  },
  utilization: { kind: "number", of: "utilization" },
  attempts: {
    kind: "count",
    unit: "count",
    of: "attempts",
    merge: "sum",
    compare: [{ title: "attempts" }],
    metrics: [{
      name: "myriad_attempts_total",
      type: "counter",
      help: "Requests sent, retries too.",
    }],
  },
  retries: {
    kind: "counts",
    unit: "count",
    of: "retries",
    merge: "counts",
    metrics: [{
      name: "myriad_retries_total",
      type: "counter",
      help: "Attempts after which there was another, by kind of error or status code.",
      label: "cause",
    }],
    thresholds: [{
      name: "retries",
      trend: "grows",
      of: ({ retries }) => sum(retries),
      hasShare: true,
    }],
  },
  target_rate: {
    kind: "number or null",
    unit: "/s",
    of: ({ targetRate }) => targetRate ?? null,
    metrics: [{
      name: "myriad_target_requests_per_second",
      type: "gauge",
      help: "Requests a second that are asked for, if a rate is.",
      of: ({ targetRate }) => targetRate,
    }],
  },
  late: {
    kind: "late",
    unit: "count",
    of: ({ late: { count, meanMs, maxMs } }) => ({ count, mean_ms: meanMs, max_ms: maxMs }),
    merge: "late",
    metrics: [
      {
        name: "myriad_late_starts_total",
        type: "counter",
        help: "Starts later than their schedule.",
        of: ({ late }) => late.count,
      },
      {
        name: "myriad_late_start_seconds_total",
        type: "counter",
        help: "Seconds by which starts were later than their schedule, all together.",
        of: ({ late }) => late.count * late.meanMs / 1_000,
      },
    ],
    thresholds: [{
      name: "late",
      trend: "grows",
      of: ({ late }) => late.count,
      hasShare: true,
    }],
  },
  own_late_ms: {
    kind: "own lateness or null",
    unit: "ms",
    of: ({ ownLate }) => ownLate ?? null,
    merge: "own lateness of histogram",
    metrics: [
      {
        name: "myriad_own_late_seconds_max",
        type: "gauge",
        help: "The most that the program itself was late for a start at a rate.",
        of: ({ ownLateHistogram }) => ownLateHistogram && ownLateHistogram.max / 1e6,
      },
      {
        name: "myriad_own_late_seconds_total",
        type: "counter",
        help: "Seconds that the program itself was late for starts at a rate, all together.",
        of: ({ ownLateHistogram }) => ownLateHistogram && ownLateHistogram.sum / 1e6,
      },
    ],
  },
  peak_rss_kb: {
    kind: "number",
    unit: "KiB",
    of: "peakRssKb",
    // Processes on several machines have no sum.
    merge: "greatest",
    compare: [{ title: "memory at most" }],
    metrics: [{
      name: "myriad_resident_memory_peak_bytes",
      type: "gauge",
      help: "The most resident memory so far.",
      // The peak was looked at a little earlier.
      of: ({ peakRssKb, rssBytes }) => Math.max(peakRssKb * 1_024, rssBytes),
    }],
    thresholds: [{
      name: "peak_rss",
      unit: "bytes",
      trend: "grows",
      of: ({ peakRssKb }) => peakRssKb * 1_024,
    }],
  },
  cpu_seconds: {
    kind: "number",
    unit: "s",
    of: "cpuSeconds",
    merge: "sum",
    compare: [
      { title: "CPU" },
      {
        key: "cpu_us_per_request",
        title: "CPU a request",
        unit: "us",
        of: ({ cpu_seconds, requests }) =>
          cpu_seconds === undefined || requests === 0 ? undefined : cpu_seconds / requests * 1e6,
      },
    ],
    metrics: [{
      name: "myriad_cpu_seconds_total",
      type: "counter",
      help: "Processor time, user and system.",
    }],
    thresholds: [{ name: "cpu", trend: "grows" }],
  },
  engine: { kind: "text", of: "engine", merge: "joined" },
  transport: { kind: "text", of: "transport", merge: "joined" },
  threads: {
    kind: "count",
    unit: "count",
    of: "threads",
    merge: "sum",
    compare: [{ title: "threads", usual: 1 }],
    metrics: [{
      name: "myriad_threads",
      type: "gauge",
      help: "Event loops that make requests.",
    }],
  },
  cluster: {
    kind: "cluster or null",
    of: ({ cluster }) => {
      if (cluster === undefined) return null;
      const { sha256: parts_sha256, ...counts } = cluster;
      return { ...counts, parts_sha256 };
    },
    merge: "clusters",
  },
  flow: FLOW_FIGURE,
  shortages: {
    kind: "counts",
    of: "shortages",
    merge: "counts",
    metrics: [{
      name: "myriad_shortages_total",
      type: "counter",
      help: "How often no socket or port was left, or the queue of the Unix socket was full.",
      of: ({ shortages }) => sum(shortages),
    }],
  },
  version: {
    kind: "text",
    of: ({ version }) => version,
    merge: "the same",
  },
  resumed: { kind: "boolean", of: "resumed", merge: "any" },
  interrupted: { kind: "boolean", of: "interrupted", merge: "any" },
  aborted: {
    kind: "text or null",
    of: ({ aborted }) => aborted ?? null,
    merge: "first",
  },
  thresholds: {
    kind: "thresholds",
    of: ({ thresholds }) =>
      thresholds.map(({ threshold, value, bound, unit, holds: passed }) => ({
        threshold,
        value,
        bound,
        unit,
        passed,
      })),
    metrics: [{
      name: "myriad_threshold_held",
      type: "gauge",
      help: "Whether a threshold holds, 1 or 0.",
      label: "threshold",
      of: ({ thresholds }) =>
        Object.fromEntries(thresholds.map(({ threshold, holds }) => [threshold, +holds])),
    }],
  },
  slowest: {
    kind: "slow responses or null",
    of: ({ top, slowest }) => top === undefined ? null : listSlowest(slowest, top),
    merge: "slow responses",
  },
  hosts: {
    kind: "host list or null",
    of: ({ top, hosts }) => top === undefined ? null : listHosts(hosts, top),
    merge: "host lists",
  },
  own_late_histogram: {
    kind: "histogram or null",
    of: ({ ownLateHistogram }) => ownLateHistogram?.toJSON() ?? null,
    merge: "histogram",
  },
  phase_histograms: {
    kind: "histograms by phase",
    of: ({ phases }) => mapPhases(phases, (histogram) => histogram.toJSON()),
    merge: "histograms by phase",
  },
  flow_tally: {
    kind: "flow tally or null",
    of: ({ flow }) => flow === undefined ? null : toFlowState(flow),
    merge: "flow tallies",
  },
  histogram: { kind: "histogram", of: ({ histogram }) => histogram.toJSON(), merge: "histogram" },
};

/** The rows, with their names in the JSON document. */
export const FIGURE_ROWS = Object.entries(FIGURES) as readonly (readonly [
  key: keyof Summary,
  figure: Figure<unknown>,
])[];

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function listPhaseFigures(phases: Summary["phases_ms"]): Record<string, number> {
  return Object.fromEntries(PHASES.flatMap((phase) => {
    const figures = phases[phase];
    return figures ? COMPARED.map((name) => [`${phase} ${name}`, figures[name]]) : [];
  }));
}

function countByKind(errors: Summary["errors"]): Record<string, number> {
  return Object.fromEntries(Object.entries(errors).map(([kind, { count }]) => [kind, count]));
}

/** @param status as in `503`, or `5xx` for all of a class */
function countStatuses(statuses: Summary["statuses"], status: string): number {
  if (!status.endsWith("xx")) return statuses[status] ?? 0;
  return Object.entries(statuses).reduce(
    (sum, [code, count]) => code[0] === status[0] ? sum + count : sum,
    0,
  );
}
