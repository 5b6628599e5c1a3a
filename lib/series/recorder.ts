import type { Snapshot } from "../stats/snapshot.ts";
import { FIRST_MS, MAX_POINTS, PERCENTILES, toSeries } from "./columns.ts";
import { Interval } from "./interval.ts";
import type { Series } from "./series.ts";

/** Options for {@linkcode SeriesRecorder}. */
export interface RecorderOptions {
  /** The time in milliseconds. @default {performance.now} */
  now?: () => number;
  /** When it starts, in milliseconds since the Unix epoch. @default {Date.now()} */
  startMs?: number;
}

/**
 * Looks at a run at equal intervals, of which there is a fixed number: with more, each two are
 * merged, their percentiles from their histograms, and it looks half as often.
 */
export class SeriesRecorder {
  readonly #takeSnapshot: () => Snapshot;
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #startedAt: number;
  /** At most `MOST`; undefined where it could not look. */
  #intervals: (Interval | undefined)[] = [];
  #intervalMs = FIRST_MS;
  /** What it saw last, and when. */
  #before: Snapshot;
  #beforeAt: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Counts from now on: what a resumed run had before is none of it. */
  constructor(takeSnapshot: () => Snapshot, options: RecorderOptions = {}) {
    this.#takeSnapshot = takeSnapshot;
    this.#now = options.now ?? (() => performance.now());
    this.#startMs = options.startMs ?? Date.now();
    this.#startedAt = this.#beforeAt = this.#now();
    this.#before = takeSnapshot();
  }

  /** Begins to look; that alone keeps no process alive. */
  start(): void {
    // By the clock, not from one look to the next: that they come late does not add up.
    const passed = (this.#now() - this.#startedAt) % this.#intervalMs;
    this.#timer = setTimeout(() => {
      this.look();
      this.start();
    }, this.#intervalMs - passed);
    this.#timer.unref();
  }

  /** Looks at what was since it last did. */
  look(): void {
    const interval = this.#sinceBefore();
    const endedAt = this.#beforeAt - this.#startedAt;
    // Its middle tells where it belongs, for a timer comes a little early or late.
    let place = Math.floor((endedAt - interval.ms / 2) / this.#intervalMs);
    while (place >= MAX_POINTS) {
      this.#merge();
      place = Math.floor(place / 2);
    }
    this.#put(interval, place);
  }

  #sinceBefore(): Interval {
    const before = this.#before;
    const now = this.#takeSnapshot();
    const nowAt = this.#now();
    const interval = new Interval();
    interval.ms = Math.max(0, nowAt - this.#beforeAt);
    interval.requests = now.requests - before.requests;
    interval.inFlight = Math.max(before.inFlight, now.inFlight);
    interval.rssBytes = now.rssBytes;
    for (const [kind, { count }] of Object.entries(now.errors)) {
      const more = count - (before.errors[kind as keyof Snapshot["errors"]]?.count ?? 0);
      if (more > 0) interval.failed.set(kind, more);
    }
    interval.setLatencies(now.histogram.diff(before.histogram));
    this.#before = now;
    this.#beforeAt = nowAt;
    return interval;
  }

  #put(interval: Interval, place: number): void {
    const intervals = this.#intervals;
    while (intervals.length <= place) intervals.push(undefined);
    const there = intervals[place];
    if (there === undefined) intervals[place] = interval;
    else there.add(interval);
  }

  #merge(): void {
    const intervals = this.#intervals;
    this.#intervals = [];
    this.#intervalMs *= 2;
    for (const [place, interval] of intervals.entries()) {
      if (interval !== undefined) this.#put(interval, place >> 1);
    }
  }

  /** Ends it, with what was since the last look. */
  stop(): Series {
    clearTimeout(this.#timer);
    const last = this.#sinceBefore();
    const intervals = this.#intervals;
    // Of a short while the rate says nothing.
    const isShort = last.ms < this.#intervalMs / 2 && intervals.length > 0;
    if (isShort || intervals.length === MAX_POINTS) this.#put(last, intervals.length - 1);
    else this.#put(last, intervals.length);
    return this.#series();
  }

  #series(): Series {
    const figures = this.#intervals.map((interval) =>
      interval && {
        ms: interval.ms,
        requests: interval.requests,
        failed: interval.failed,
        inFlight: interval.inFlight,
        rssBytes: interval.rssBytes,
        latencies: interval.latencies(PERCENTILES),
      }
    );
    return toSeries(figures, { intervalMs: this.#intervalMs, startMs: this.#startMs });
  }
}
