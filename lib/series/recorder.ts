import type { Snapshot } from "../stats/snapshot.ts";
import type { Interval } from "./interval.ts";
import { Sampler } from "./sampler.ts";
import { FIRST_MS, MAX_POINTS, type Series, toSeries } from "./series.ts";

/** Options for {@linkcode SeriesRecorder}. */
export interface RecorderOptions {
  /** The time in milliseconds. @default {performance.now} */
  now?: () => number;
  /** The time of the start, in milliseconds since the Unix epoch. @default {Date.now()} */
  startMs?: number;
}

/**
 * Looks at a run at equal intervals, whose number is bounded: when there are too many, each two
 * become one, and the recorder looks half as often.
 */
export class SeriesRecorder {
  readonly #takeSnapshot: () => Snapshot;
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #startedAt: number;
  readonly #sampler = new Sampler();
  /** At most {@linkcode MAX_POINTS}; undefined where it could not look. */
  #intervals: (Interval | undefined)[] = [];
  #intervalMs = FIRST_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Counts from now on: requests of a resumed run that were made before are not in the series. */
  constructor(takeSnapshot: () => Snapshot, options: RecorderOptions = {}) {
    this.#takeSnapshot = takeSnapshot;
    this.#now = options.now ?? (() => performance.now());
    this.#startMs = options.startMs ?? Date.now();
    this.#startedAt = this.#now();
    this.#sampler.update(takeSnapshot(), this.#startedAt);
  }

  /** Begins to look. Its timer does not keep the process alive. */
  start(): void {
    // By the clock, not from one look to the next, so that delays do not add up.
    const passed = (this.#now() - this.#startedAt) % this.#intervalMs;
    this.#timer = setTimeout(() => {
      this.look();
      this.start();
    }, this.#intervalMs - passed);
    this.#timer.unref();
  }

  /** Ends an interval, and puts it where it belongs. */
  look(): void {
    const interval = this.#takeInterval();
    // Its middle tells the place, as a timer comes a little early or late.
    const middleMs = interval.startMs + interval.ms / 2 - this.#startedAt;
    let place = Math.floor(middleMs / this.#intervalMs);
    while (place >= MAX_POINTS) {
      this.#merge();
      place = Math.floor(place / 2);
    }
    this.#put(interval, place);
  }

  #takeInterval(): Interval {
    // The constructor began the first.
    return this.#sampler.update(this.#takeSnapshot(), this.#now())!;
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

  /** Stops looking. @returns the series, with what was since the last look */
  stop(): Series {
    clearTimeout(this.#timer);
    const last = this.#takeInterval();
    const intervals = this.#intervals;
    // The rate of a very short time says nothing.
    const isShort = last.ms < this.#intervalMs / 2 && intervals.length > 0;
    if (isShort || intervals.length === MAX_POINTS) this.#put(last, intervals.length - 1);
    else this.#put(last, intervals.length);
    return toSeries(intervals, { intervalMs: this.#intervalMs, startMs: this.#startMs });
  }
}
