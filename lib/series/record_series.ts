import type { ErrorKind } from "../result.ts";
import { Histogram } from "../stats/histogram.ts";
import { SparseHistogram } from "../stats/sparse_histogram.ts";
import { Interval } from "./interval.ts";
import { FIRST_MS, MAX_POINTS, type Series, toSeries } from "./series.ts";

/** An interval that is still counted; 30 KB if it has latencies. */
class Bucket {
  readonly interval: Interval;
  latencies: Histogram | undefined;
  /** Milliseconds that requests were in flight within it, except those that were all of it. */
  busyMs = 0;
  /** How many more requests were in flight all of it than all of the one before. */
  more = 0;

  constructor(startMs: number) {
    this.interval = new Interval(startMs);
    this.interval.values.rate = 0;
  }

  add(other: Bucket): void {
    this.interval.add(other.interval);
    this.busyMs += other.busyMs;
    if (other.latencies === undefined) return;
    if (this.latencies === undefined) this.latencies = other.latencies;
    else this.latencies.add(other.latencies);
  }
}

/** One request. */
export interface CompletedRequest {
  /** When it started, in milliseconds since the Unix epoch, from 0. */
  readonly at: number;
  /** Milliseconds that it took. */
  readonly ms: number;
  readonly error: ErrorKind | undefined;
}

/**
 * What a run was like over time, from its requests in any order. The intervals are those of the
 * clock, so that it does not matter which request comes first; from the first to the last there is
 * a bounded number. In flight is the mean of an interval, and memory and CPU are not known.
 */
export class RecordSeries {
  #intervalMs = FIRST_MS;
  /**
   * By number of the interval since the epoch; at most {@linkcode MAX_POINTS} from the first to the
   * last.
   */
  #buckets = new Map<number, Bucket>();
  #first = Infinity;
  #last = -Infinity;
  #startMs = Infinity;
  #endMs = -Infinity;

  /** @param hasLatency whether its latency counts, as that of a response that was as expected */
  add({ at, ms, error }: CompletedRequest, hasLatency: boolean): void {
    const end = at + ms;
    if (at < this.#startMs) this.#startMs = at;
    if (end > this.#endMs) this.#endMs = end;
    this.#widen();
    const intervalMs = this.#intervalMs;
    const from = Math.floor(at / intervalMs);
    const to = Math.floor(end / intervalMs);
    const last = this.#bucketAt(to);
    last.interval.values.rate!++;
    if (error !== undefined) last.interval.count("failed", error, 1);
    else if (hasLatency) (last.latencies ??= new Histogram()).record(ms * 1000);
    if (from === to) {
      last.busyMs += ms;
      return;
    }
    this.#bucketAt(from).busyMs += (from + 1) * intervalMs - at;
    last.busyMs += end - to * intervalMs;
    if (to === from + 1) return;
    this.#bucketAt(from + 1).more++;
    last.more--;
  }

  #bucketAt(place: number): Bucket {
    let bucket = this.#buckets.get(place);
    if (bucket === undefined) {
      this.#buckets.set(place, bucket = new Bucket(place * this.#intervalMs));
    }
    return bucket;
  }

  /** Makes the intervals so long that they are not too many. */
  #widen(): void {
    const places = (): number =>
      Math.floor(this.#endMs / this.#intervalMs) - Math.floor(this.#startMs / this.#intervalMs) + 1;
    while (places() > MAX_POINTS) {
      this.#settle();
      this.#intervalMs *= 2;
      const buckets = this.#buckets;
      this.#buckets = new Map();
      for (const [place, bucket] of buckets) this.#bucketAt(Math.floor(place / 2)).add(bucket);
    }
    this.#first = Math.floor(this.#startMs / this.#intervalMs);
    this.#last = Math.floor(this.#endMs / this.#intervalMs);
  }

  /** Adds the requests that were in flight all of an interval to its milliseconds. */
  #settle(): void {
    let all = 0;
    for (let place = this.#first; place <= this.#last; place++) {
      const bucket = this.#buckets.get(place);
      all += bucket?.more ?? 0;
      if (bucket !== undefined) bucket.more = 0;
      if (all > 0) this.#bucketAt(place).busyMs += all * this.#intervalMs;
    }
  }

  /** From the first start to the last end, in milliseconds; undefined if there was no request. */
  get range(): { readonly startMs: number; readonly endMs: number } | undefined {
    return this.#endMs < 0 ? undefined : { startMs: this.#startMs, endMs: this.#endMs };
  }

  /** The series so far; undefined if there was no request. */
  series(): Series | undefined {
    if (this.range === undefined) return undefined;
    this.#settle();
    const intervalMs = this.#intervalMs;
    const intervals: Interval[] = [];
    for (let place = this.#first; place <= this.#last; place++) {
      const { interval, busyMs, latencies } = this.#bucketAt(place);
      // How long it was a part of the run.
      interval.ms = Math.min(this.#endMs, (place + 1) * intervalMs) -
        Math.max(this.#startMs, place * intervalMs);
      if (interval.ms > 0) interval.values.inFlight = busyMs / interval.ms;
      interval.latencies = latencies && SparseHistogram.from(latencies);
      intervals.push(interval);
    }
    return toSeries(intervals, { intervalMs, startMs: this.#first * intervalMs });
  }
}
