import type { PageSummary } from "../../report/page/data.ts";
import type { TableFigures } from "../../report/table.ts";
import { readBound } from "../../report/verdict.ts";

/** A summary as the table takes it; what is missing stays so. */
export function toTableFigures(summary: PageSummary): TableFigures {
  const { late, thresholds } = summary;
  return {
    requests: summary.requests,
    succeeded: summary.succeeded,
    failed: summary.failed,
    skipped: summary.skipped,
    errors: summary.errors,
    statuses: summary.statuses,
    seconds: summary.seconds,
    rate: summary.rate,
    bytes: summary.bytes,
    latency: summary.latency_ms,
    concurrency: summary.concurrency,
    meanInFlightMs: summary.mean_in_flight_ms,
    utilization: summary.utilization,
    attempts: summary.attempts,
    retries: summary.retries,
    targetRate: summary.target_rate ?? undefined,
    late: late && { count: late.count, meanMs: late.mean_ms, maxMs: late.max_ms },
    ownLate: summary.own_late_ms ?? undefined,
    peakRssKb: summary.peak_rss_kb,
    cpuSeconds: summary.cpu_seconds,
    engine: summary.engine,
    shortages: summary.shortages,
    interrupted: summary.interrupted,
    aborted: summary.aborted ?? undefined,
    thresholds: thresholds?.map(({ threshold, value, unit, passed }) => ({
      threshold,
      value,
      unit,
      bound: readBound(threshold),
      holds: passed,
    })),
  };
}
