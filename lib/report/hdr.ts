import { BUCKETS, type Histogram, SUB_BUCKETS } from "../stats/histogram.ts";
import type { Snapshot } from "../stats/snapshot.ts";

/** Steps on half of the way to 100 %, as in HdrHistogram's own programs. */
const TICKS = 5;
const HEAD = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n";

/**
 * The latencies of responses as HdrHistogram's `outputPercentileDistribution` writes them, in
 * milliseconds, for its plotters. Values are the highest of their slots, as there, but not
 * above the greatest; mean, deviation and greatest value are exact.
 */
export function formatHdr({ histogram, latency }: Pick<Snapshot, "histogram" | "latency">): string {
  return `${HEAD}${[...listLines(histogram)].join("")}` +
    `#[Mean    = ${ms(latency.mean)}, StdDeviation   = ${ms(latency.stddev)}]\n` +
    `#[Max     = ${ms(latency.max)}, Total count    = ${count(histogram.count, 12)}]\n` +
    `#[Buckets = ${count(BUCKETS, 12)}, SubBuckets     = ${count(SUB_BUCKETS, 12)}]\n`;
}

/** A line for each level, with the value that so many are not above; the last is at 100 %. */
function* listLines(histogram: Histogram): Generator<string> {
  let level = 0;
  let below = 0;
  for (const [highestMicros, here] of histogram.buckets()) {
    below += here;
    const value = ms(Math.min(highestMicros, histogram.max) / 1_000);
    while (100 * below / histogram.count >= level) {
      const isLevel = level < 100;
      const upTo = ` ${(level / 100).toFixed(12)} ${count(below, 10)}`;
      yield `${value}${upTo}${
        isLevel ? ` ${(1 / (1 - level / 100)).toFixed(2).padStart(14)}` : ""
      }\n`;
      if (!isLevel) return;
      if (below === histogram.count) level = 100;
      else level += 100 / (TICKS * 2 ** (Math.floor(Math.log2(100 / (100 - level))) + 1));
    }
  }
}

function ms(value: number): string {
  return value.toFixed(3).padStart(12);
}

function count(value: number, width: number): string {
  return `${value}`.padStart(width);
}
