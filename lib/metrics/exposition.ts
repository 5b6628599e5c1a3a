/**
 * A snapshot in Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * @module
 */
import { ERROR_KINDS } from "../result.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { BOUNDS, cumulative } from "./latency_buckets.ts";

/** What the format is known by. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What there is to tell besides statistics. */
export interface Build {
  /** The program's version. */
  readonly version: string;
  /** When the process's part of the run began, in milliseconds since the Unix epoch. */
  readonly startMs: number;
}

/** One value, and by which labels it is told apart from others of its name. */
interface Sample {
  /** What follows the family's name: `_sum`. @default none */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Nothing is said where it is undefined. */
  readonly value: number | undefined;
}

/** All values of a name. */
interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * All of it. Label values are error kinds and status codes, thresholds as the command line has
 * them, and versions: nothing that a server sends, so their number is bounded.
 */
export function formatMetrics(snapshot: Snapshot, build: Build): string {
  return toFamilies(snapshot, build).map(formatFamily).join("");
}

function toFamilies(snapshot: Snapshot, build: Build): Family[] {
  const { errors, late, ownLateHistogram, thresholds } = snapshot;
  return [
    info("myriad_build_info", "The version of the program, and of Deno.", {
      version: build.version,
      deno: Deno.version.deno,
    }),
    gauge(
      "myriad_start_time_seconds",
      "When the run, or its part since it was resumed, began, since the Unix epoch.",
      build.startMs / 1_000,
    ),
    gauge("myriad_elapsed_seconds", "How long the run has taken.", snapshot.seconds),
    counters("myriad_requests_total", "Requests that ended.", "result", {
      succeeded: snapshot.succeeded,
      failed: snapshot.failed,
    }),
    counter(
      "myriad_skipped_total",
      "Requests that were not sent, since their host was given up; they failed.",
      snapshot.skipped,
    ),
    gauge(
      "myriad_requests_planned",
      "Requests that there will be, where the source tells.",
      snapshot.total,
    ),
    gauge(
      "myriad_progress_ratio",
      "The share that is done, 0 to 1, where the source tells.",
      computeProgress(snapshot),
    ),
    counters(
      "myriad_responses_total",
      "Answers by status code, as expected or not.",
      "code",
      snapshot.statuses,
    ),
    counters(
      "myriad_errors_total",
      "Requests that failed, by kind of error.",
      "kind",
      Object.fromEntries(ERROR_KINDS.map((kind) => [kind, errors[kind]?.count ?? 0])),
    ),
    counters(
      "myriad_retries_total",
      "Attempts after which there was another, by kind of error or status code.",
      "cause",
      snapshot.retries,
    ),
    toLatencyLines(snapshot),
    counter("myriad_attempts_total", "Requests sent, retries too.", snapshot.attempts),
    counter("myriad_body_bytes_total", "Bytes of bodies that came.", snapshot.bytes),
    gauge("myriad_requests_in_flight", "Requests in flight.", snapshot.inFlight),
    gauge("myriad_requests_retrying", "Requests that wait to be made again.", snapshot.retrying),
    gauge("myriad_requests_held", "Requests that wait for their host.", snapshot.held),
    gauge("myriad_concurrency", "Most requests that may be in flight.", snapshot.concurrency),
    gauge(
      "myriad_target_requests_per_second",
      "Requests a second that are asked for, if a rate is.",
      snapshot.targetRate,
    ),
    gauge(
      "myriad_requests_per_second",
      "Requests a second that were reached, over the whole run.",
      snapshot.rate,
    ),
    counter("myriad_late_starts_total", "Starts later than their schedule.", late.count),
    counter(
      "myriad_late_start_seconds_total",
      "Seconds by which starts were later than their schedule, all together.",
      late.count * late.meanMs / 1_000,
    ),
    gauge(
      "myriad_own_late_seconds_max",
      "The most that the program itself was late for a start at a rate.",
      ownLateHistogram && ownLateHistogram.max / 1e6,
    ),
    counter(
      "myriad_own_late_seconds_total",
      "Seconds that the program itself was late for starts at a rate, all together.",
      ownLateHistogram && ownLateHistogram.sum / 1e6,
    ),
    gauge("myriad_hosts_paused", "Hosts that are not asked at present.", snapshot.paused),
    counter(
      "myriad_shortages_total",
      "How often this machine had no socket or port left.",
      Object.values(snapshot.shortages).reduce((sum, count) => sum + count, 0),
    ),
    {
      name: "myriad_threshold_held",
      type: "gauge",
      help: "Whether a threshold holds, 1 or 0.",
      samples: thresholds.map(({ threshold, holds }) => ({ labels: { threshold }, value: +holds })),
    },
    gauge("myriad_resident_memory_bytes", "Resident memory.", snapshot.rssBytes),
    gauge(
      "myriad_resident_memory_peak_bytes",
      "The most resident memory that there ever was.",
      // It was looked at a little earlier.
      Math.max(snapshot.peakRssKb * 1_024, snapshot.rssBytes),
    ),
    counter("myriad_cpu_seconds_total", "Processor time, user and system.", snapshot.cpuSeconds),
    gauge(
      "myriad_event_loop_busy_ratio",
      "The share of the time that this process was busy, 0 to 1: at 1 it is the bottleneck.",
      snapshot.loopBusy,
    ),
  ];
}

function computeProgress({ requests, total, progress }: Snapshot): number | undefined {
  return total !== undefined && total > 0 ? Math.min(1, requests / total) : progress;
}

function toLatencyLines({ histogram }: Snapshot): Family {
  const counts = cumulative(histogram);
  return {
    name: "myriad_request_duration_seconds",
    type: "histogram",
    help: "How long answers took that were as expected; those of failures are not in it.",
    samples: [
      ...BOUNDS.map((seconds, k) => ({
        suffix: "_bucket",
        labels: { le: `${seconds}` },
        value: counts[k],
      })),
      { suffix: "_bucket", labels: { le: "+Inf" }, value: histogram.count },
      { suffix: "_sum", value: histogram.sum / 1e6 },
      { suffix: "_count", value: histogram.count },
    ],
  };
}

function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function counter(name: string, help: string, value: number | undefined): Family {
  return { name, type: "counter", help, samples: [{ value }] };
}

function counters(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Family {
  const samples = Object.entries(values).map(([text, value]) => ({
    labels: { [label]: text },
    value,
  }));
  return { name, type: "counter", help, samples };
}

function info(name: string, help: string, labels: Readonly<Record<string, string>>): Family {
  return { name, type: "gauge", help, samples: [{ labels, value: 1 }] };
}

function formatFamily({ name, type, help, samples }: Family): string {
  const lines = samples.filter(({ value }) => value !== undefined)
    .map(({ suffix = "", labels, value }) => `${name}${suffix}${formatLabels(labels)} ${value}\n`);
  if (lines.length === 0) return "";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function formatLabels(labels: Sample["labels"]): string {
  if (labels === undefined) return "";
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escapeLabel(text)}"`);
  return `{${pairs.join(",")}}`;
}

/** What could end a label's value, or its line. */
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => ESCAPES[character]);
}
