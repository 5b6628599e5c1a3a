import type { Histogram } from "./histogram.ts";
import { parsePercentile } from "./percentile.ts";
import type { Latency, OwnLate } from "./snapshot.ts";

/** What a histogram of microseconds says, in milliseconds. */
export function toLatency(histogram: Histogram): Latency {
  const inMs = (micros: number): number => micros / 1000;
  const [p50, p75, p90, p95, p99, p999, p9999] = histogram
    .percentiles([50, 75, 90, 95, 99, 99.9, 99.99]).map(inMs);
  return {
    min: inMs(histogram.min),
    mean: inMs(histogram.mean),
    p50,
    p75,
    p90,
    p95,
    p99,
    p999,
    p9999,
    max: inMs(histogram.max),
    stddev: inMs(histogram.stddev),
  };
}

/** What a histogram of microseconds says of the program's own lateness, in milliseconds. */
export function toOwnLate(histogram: Histogram): OwnLate {
  const { mean, p50, p99, max } = toLatency(histogram);
  return { mean, p50, p99, max };
}

/**
 * What a histogram of microseconds says, in milliseconds, by a name that {@linkcode Latency} has or
 * that of a percentile, as in `p99.95`; null without values.
 */
export function readLatency(histogram: Histogram, name: string): number | null {
  if (histogram.count === 0) return null;
  const percentile = parsePercentile(name);
  const micros = percentile === undefined
    ? histogram[name as "min" | "mean" | "max" | "stddev"]
    : histogram.percentile(percentile);
  return micros / 1000;
}
