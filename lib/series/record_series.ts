import type { ErrorKind } from "../result.ts";
import { Histogram } from "../stats/histogram.ts";
import { FIRST_MS, MAX_POINTS, PERCENTILES, toSeries } from "./columns.ts";
import type { Series } from "./series.ts";

/** What was in an interval; 30 KB for its latencies. */
class SeriesBucket {
  requests = 0;
  readonly failed = new Map<ErrorKind, number>();
  latencies: Histogram | undefined;
  /** Milliseconds that requests were in flight within it, those apart that were all of it. */
  busyMs = 0;
  /** How many more requests were in flight all of it than all of the one before. */
  more = 0;

  add(other: SeriesBucket): void {
    this.requests += other.requests;
    this.busyMs += other.busyMs;
    for (const [kind, count] of other.failed) {
      this.failed.set(kind, (this.failed.get(kind) ?? 0) + count);
    }
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
 * clock, so that it does not matter where one begins; those between the first and the last are at
 * most a fixed number. In flight is the mean of an interval.
 */
export class RecordSeries {
  #intervalMs = FIRST_MS;
  /** By number of the interval since the epoch; at most `MOST` from the first to the last. */
  #spans = new Map<number, SeriesBucket>();
  #first = Infinity;
  #last = -Infinity;
  #startMs = Infinity;
  #endMs = -Infinity;

  /** @param isAnswer whether its latency counts */
  add({ at, ms, error }: CompletedRequest, isAnswer: boolean): void {
    const end = at + ms;
    if (at < this.#startMs) this.#startMs = at;
    if (end > this.#endMs) this.#endMs = end;
    this.#widen();
    const intervalMs = this.#intervalMs;
    const from = Math.floor(at / intervalMs);
    const to = Math.floor(end / intervalMs);
    const last = this.#spanAt(to);
    last.requests++;
    if (error !== undefined) last.failed.set(error, (last.failed.get(error) ?? 0) + 1);
    else if (isAnswer) (last.latencies ??= new Histogram()).record(ms * 1000);
    if (from === to) {
      last.busyMs += ms;
      return;
    }
    this.#spanAt(from).busyMs += (from + 1) * intervalMs - at;
    last.busyMs += end - to * intervalMs;
    if (to === from + 1) return;
    this.#spanAt(from + 1).more++;
    last.more--;
  }

  #spanAt(place: number): SeriesBucket {
    let span = this.#spans.get(place);
    if (span === undefined) this.#spans.set(place, span = new SeriesBucket());
    return span;
  }

  /** Makes the intervals so long that they are not too many. */
  #widen(): void {
    const places = (): number =>
      Math.floor(this.#endMs / this.#intervalMs) - Math.floor(this.#startMs / this.#intervalMs) + 1;
    while (places() > MAX_POINTS) {
      this.#settle();
      this.#intervalMs *= 2;
      const spans = this.#spans;
      this.#spans = new Map();
      for (const [place, span] of spans) {
        const half = Math.floor(place / 2);
        const there = this.#spans.get(half);
        if (there === undefined) this.#spans.set(half, span);
        else there.add(span);
      }
    }
    this.#first = Math.floor(this.#startMs / this.#intervalMs);
    this.#last = Math.floor(this.#endMs / this.#intervalMs);
  }

  /** Writes what was in flight all of an interval into its milliseconds. */
  #settle(): void {
    let all = 0;
    for (let place = this.#first; place <= this.#last; place++) {
      const span = this.#spans.get(place);
      all += span?.more ?? 0;
      if (span !== undefined) span.more = 0;
      if (all > 0) this.#spanAt(place).busyMs += all * this.#intervalMs;
    }
  }

  /** From the first start to the last end, in milliseconds; undefined where there was no request. */
  get range(): { readonly startMs: number; readonly endMs: number } | undefined {
    return this.#endMs < 0 ? undefined : { startMs: this.#startMs, endMs: this.#endMs };
  }

  /** The series so far; undefined where there was no request. */
  series(): Series | undefined {
    if (this.range === undefined) return undefined;
    this.#settle();
    const intervalMs = this.#intervalMs;
    const places = Array.from({ length: this.#last - this.#first + 1 }, (_, k) => this.#first + k);
    const figures = places.map((place) => {
      const { requests, failed, busyMs, latencies } = this.#spans.get(place) ?? new SeriesBucket();
      // How long it was a part of the run.
      const ms = Math.min(this.#endMs, (place + 1) * intervalMs) -
        Math.max(this.#startMs, place * intervalMs);
      return {
        ms,
        requests,
        failed,
        inFlight: ms > 0 ? busyMs / ms : null,
        rssBytes: null,
        latencies: latencies?.percentiles(PERCENTILES).map((micros) => micros / 1000),
      };
    });
    return toSeries(figures, { intervalMs, startMs: this.#first * intervalMs });
  }
}
