import type { Histogram } from "../stats/histogram.ts";

/** The upper bounds of the buckets in seconds, ascending; a further bucket has no bound. */
export const BOUNDS: readonly number[] = [
  0.0001,
  0.00025,
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60,
];

/**
 * How many responses took no longer than each bound. A slot of the histogram that reaches beyond a
 * bound counts above it: a bound is off by at most 0.8 %, always the same way, so counts never fall.
 */
export function countUpToBounds(histogram: Histogram): number[] {
  const counts = BOUNDS.map(() => 0);
  let bound = 0;
  let below = 0;
  for (const [highestMicros, count] of histogram.buckets()) {
    while (bound < BOUNDS.length && highestMicros > BOUNDS[bound] * 1e6) counts[bound++] = below;
    below += count;
  }
  return counts.fill(below, bound);
}
