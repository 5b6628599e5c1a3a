import { type Stretch, toStretches } from "./levels.ts";
import type { PacerOptions } from "./pacer.ts";

/** Sums of floating-point areas are off by less than this share of a start. */
const ROUNDING = 1e-6;

/** A stretch of time in which the rate changes evenly. */
interface Segment {
  readonly startMs: number;
  /** Starts a millisecond in its begin. */
  readonly perMs: number;
  /** By how much that grows in a millisecond. */
  readonly slope: number;
  /** The first start in it, and the first one behind it. */
  readonly first: number;
  readonly end: number;
}

/**
 * When starts are due after the first one: start k where the area under the rate is k. Within a
 * stretch that is a quadratic equation.
 *
 * ```text
 * rate │      ┌──────
 *      │    ╱ │            a ramp of D: the area up to D is rate * D / 2 starts
 *      │  ╱   │
 *      └──────┴──────► t
 *             D
 * ```
 */
export class StartTimes {
  readonly #segments: readonly Segment[];
  /** The segment of the last start that was asked for: others are near. */
  #at: Segment;
  /** How many starts there are; Infinity without an end. */
  readonly count: number;
  /** When the schedule ends, in milliseconds; Infinity without an end. */
  readonly endMs: number;

  constructor({ rate, rampUpMs = 0, stages }: PacerOptions) {
    const stretches = toStretches(stages ?? [{ ms: rampUpMs, to: rate }]);
    const segments: Segment[] = [];
    let first = 0;
    for (const stretch of stretches) {
      const segment = toSegment(stretch, first);
      segments.push(segment);
      first = segment.end;
    }
    if (stages === undefined) {
      segments.push({ startMs: rampUpMs, perMs: rate / 1000, slope: 0, first, end: Infinity });
      this.count = this.endMs = Infinity;
    } else {
      this.count = Math.ceil(first - ROUNDING);
      this.endMs = stretches.at(-1)?.endMs ?? 0;
    }
    this.#segments = segments;
    this.#at = segments[0];
  }

  /**
   * How many milliseconds after the begin start k is due; Infinity if the schedule has fewer starts.
   * Not a sum of steps, which would drift.
   */
  of(k: number): number {
    let segment = this.#at;
    if (k < segment.first || k >= segment.end) {
      if (k >= this.count) return Infinity;
      segment = this.#at = this.#segments.find(({ end }) => k < end) ?? this.#segments.at(-1)!;
    }
    const { startMs, perMs, slope, first } = segment;
    const area = k - first;
    if (slope === 0) return startMs + area / perMs;
    if (area <= 0) return startMs;
    // This form of the solution does not subtract two large numbers.
    return startMs + 2 * area / (perMs + Math.sqrt(Math.max(0, perMs ** 2 + 2 * slope * area)));
  }
}

function toSegment({ startMs, endMs, from, to }: Stretch, first: number): Segment {
  const ms = endMs - startMs;
  return {
    startMs,
    perMs: from / 1000,
    slope: (to - from) / 1000 / ms,
    first,
    end: first + (from + to) * ms / 2000,
  };
}
