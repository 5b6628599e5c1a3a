import type { Latency, OwnLate, Snapshot } from "../stats/snapshot.ts";
import { escapeJson } from "../text/escape.ts";

/** What the summary has besides statistics. */
export interface SummaryContext {
  /** The program's version. */
  readonly version: string;
}

/** The summary as plain data. */
export type Summary = ReturnType<typeof toSummary>;

/**
 * The summary as one JSON document that ends in a line feed; its names are a contract with the
 * users' scripts. Times are in milliseconds where the name says so, else in seconds.
 */
export function formatSummary(snapshot: Snapshot, context: SummaryContext): string {
  // It can go to a terminal, and JSON leaves DEL, C1 controls and bidi controls as they are.
  return formatDocument(toSummary(snapshot, context));
}

/** A summary, or a part of one, as it is written: a value a line, but each histogram on one. */
export function formatDocument(
  { histogram, own_late_histogram, ...figures }: Partial<Summary>,
): string {
  let all = JSON.stringify(figures, null, 2);
  for (const [name, state] of Object.entries({ own_late_histogram, histogram })) {
    if (state === undefined) continue;
    all = `${all.slice(0, -2)},\n  "${name}": ${JSON.stringify(state)}\n}`;
  }
  return `${escapeJson(all)}\n`;
}

/** What {@linkcode formatSummary} writes. */
// deno-lint-ignore explicit-module-boundary-types -- the names stand once, where they are filled
export function toSummary(snapshot: Snapshot, { version }: SummaryContext) {
  const { latency } = snapshot;
  return {
    requests: snapshot.requests,
    succeeded: snapshot.succeeded,
    failed: snapshot.failed,
    skipped: snapshot.skipped,
    errors: snapshot.errors,
    statuses: snapshot.statuses,
    seconds: rounded(snapshot.seconds),
    started: snapshot.startedMs === undefined ? null : new Date(snapshot.startedMs).toISOString(),
    rate: rounded(snapshot.rate),
    bytes: snapshot.bytes,
    latency_ms: roundedFigures(latency),
    concurrency: snapshot.concurrency,
    mean_in_flight_ms: rounded(snapshot.meanInFlightMs),
    utilization: rounded(snapshot.utilization),
    attempts: snapshot.attempts,
    retries: snapshot.retries,
    target_rate: snapshot.targetRate ?? null,
    late: {
      count: snapshot.late.count,
      mean_ms: rounded(snapshot.late.meanMs),
      max_ms: rounded(snapshot.late.maxMs),
    },
    own_late_ms: snapshot.ownLate === undefined ? null : roundedFigures(snapshot.ownLate),
    peak_rss_kb: snapshot.peakRssKb,
    cpu_seconds: rounded(snapshot.cpuSeconds),
    engine: snapshot.engine,
    shortages: snapshot.shortages,
    version,
    resumed: snapshot.resumed,
    interrupted: snapshot.interrupted,
    aborted: snapshot.aborted ?? null,
    thresholds: snapshot.thresholds.map(({ threshold, value, unit, holds }) => ({
      threshold,
      value,
      unit,
      passed: holds,
    })),
    own_late_histogram: snapshot.ownLateHistogram?.toJSON() ?? null,
    histogram: snapshot.histogram.toJSON(),
  };
}

/** Milliseconds by name, with three decimals. */
export function roundedFigures<T extends Latency | OwnLate>(figures: T): Record<keyof T, number> {
  const entries = Object.entries(figures).map(([name, ms]) => [name, rounded(ms)]);
  return Object.fromEntries(entries) as Record<keyof T, number>;
}

/** A number with three decimals. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
