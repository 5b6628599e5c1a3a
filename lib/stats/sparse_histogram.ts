import { type Histogram, toRank } from "./histogram.ts";

/**
 * What a histogram counted, in memory for the slots that are not empty only: those of a service's
 * latencies are some 300 of 4,000. It does not change.
 */
export class SparseHistogram {
  /** The highest values of the slots in us, ascending, and how many values are in each. */
  readonly #highest: Float64Array;
  readonly #counts: Float64Array;
  readonly #max: number;

  /** The same as another has counted so far. */
  static from(histogram: Histogram): SparseHistogram {
    const buckets = [...histogram.buckets()];
    return new SparseHistogram(
      Float64Array.from(buckets, ([highest]) => highest),
      Float64Array.from(buckets, ([, count]) => count),
      histogram.max,
    );
  }

  private constructor(highest: Float64Array, counts: Float64Array, max: number) {
    this.#highest = highest;
    this.#counts = counts;
    this.#max = max;
  }

  /** What both have counted. */
  merge(other: SparseHistogram): SparseHistogram {
    const [a, b] = [this.#highest, other.#highest];
    const most = a.length + b.length;
    const [highest, counts] = [new Float64Array(most), new Float64Array(most)];
    let [i, j, k] = [0, 0, 0];
    while (i < a.length || j < b.length) {
      const [x, y] = [a[i] ?? Infinity, b[j] ?? Infinity];
      highest[k] = Math.min(x, y);
      counts[k++] = (x <= y ? this.#counts[i++] : 0) + (y <= x ? other.#counts[j++] : 0);
    }
    // Copies, so that no memory is held beyond them.
    const max = Math.max(this.#max, other.#max);
    return new SparseHistogram(highest.slice(0, k), counts.slice(0, k), max);
  }

  /**
   * The value at a percentile in us, as {@linkcode Histogram.percentiles} has it; undefined if
   * nothing was counted.
   *
   * @param percentile from 0 to 100
   */
  percentile(percentile: number): number | undefined {
    if (this.#counts.length === 0) return undefined;
    const rank = toRank(percentile, this.#counts.reduce((sum, count) => sum + count, 0));
    let slot = 0;
    let below = this.#counts[0];
    while (below < rank && slot < this.#counts.length - 1) below += this.#counts[++slot];
    return Math.min(this.#highest[slot], this.#max);
  }
}
