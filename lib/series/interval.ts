import type { Histogram } from "../stats/histogram.ts";

/** What a run was like for a while. Two of them merge. */
export class Interval {
  /** Milliseconds that were looked at. */
  ms = 0;
  requests = 0;
  /** The most that was seen. */
  inFlight = 0;
  rssBytes = 0;
  /** By kind of error, so bounded. */
  readonly failed = new Map<string, number>();
  /** The greatest latency in us. */
  #maxMicros = 0;
  /**
   * Latencies as buckets of a histogram: their highest values in us, ascending, and how many. At
   * most as many as that has slots, 4,000; those of a service are some 300.
   */
  #highest: Float64Array = new Float64Array(0);
  #counts: Float64Array = new Float64Array(0);

  /** Takes the latencies. */
  setLatencies(latencies: Histogram): void {
    const buckets = [...latencies.buckets()];
    this.#highest = Float64Array.from(buckets, ([highest]) => highest);
    this.#counts = Float64Array.from(buckets, ([, count]) => count);
    this.#maxMicros = latencies.max;
  }

  /** Adds what another has. */
  add(other: Interval): void {
    this.ms += other.ms;
    this.requests += other.requests;
    this.inFlight = Math.max(this.inFlight, other.inFlight);
    this.rssBytes = Math.max(this.rssBytes, other.rssBytes);
    this.#maxMicros = Math.max(this.#maxMicros, other.#maxMicros);
    for (const [kind, count] of other.failed) {
      this.failed.set(kind, (this.failed.get(kind) ?? 0) + count);
    }
    this.#addLatencies(other);
  }

  #addLatencies(other: Interval): void {
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
    this.#highest = highest.slice(0, k);
    this.#counts = counts.slice(0, k);
  }

  /**
   * Latencies at percentiles, in milliseconds, as a histogram has them; null where there are none.
   *
   * @param percentiles from 0 to 100, ascending
   */
  latencies(percentiles: readonly number[]): (number | null)[] {
    const count = this.#counts.reduce((sum, n) => sum + n, 0);
    if (count === 0) return percentiles.map(() => null);
    let k = 0;
    let below = this.#counts[0];
    return percentiles.map((percentile) => {
      const rank = Math.max(1, Math.ceil(percentile * count / 100));
      while (below < rank && k < this.#counts.length - 1) below += this.#counts[++k];
      return Math.min(this.#highest[k], this.#maxMicros) / 1000;
    });
  }
}
