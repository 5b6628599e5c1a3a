import type { Histogram } from "../../stats/histogram.ts";
import type { Snapshot } from "../../stats/snapshot.ts";

/** What a point of the history is the mean of. */
const INTERVAL_MS = 2_000;
/** Most points that are kept, the newest: ten minutes. */
const POINTS = 300;

/** An interval of a run. */
export interface Point {
  /** When it began, in milliseconds. */
  readonly startMs: number;
  /** Requests a second. */
  readonly rate: number;
  /** Requests in flight at its end. */
  readonly inFlight: number;
  /** Latencies in milliseconds of the answers in it; null if there were none. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Processor time as a share of one core; above 1 with more than one at work. */
  readonly cpu: number;
}

/** The last minutes of a run, an interval of two seconds at a time. */
export class History {
  /** The oldest first. At most {@linkcode POINTS}. */
  readonly #points: Point[] = [];
  #last: { ms: number; requests: number; cpuSeconds: number; histogram: Histogram } | undefined;

  /**
   * Looks whether an interval is over, and notes what was in it. The first call begins the first.
   *
   * @param ms the time, not before that of the last call
   */
  update({ requests, inFlight, cpuSeconds, histogram }: Snapshot, ms: number): void {
    const last = this.#last;
    if (last !== undefined && ms - last.ms < INTERVAL_MS) return;
    this.#last = { ms, requests, cpuSeconds, histogram };
    if (last === undefined) return;
    const seconds = (ms - last.ms) / 1000;
    const answers = histogram.diff(last.histogram);
    const [p50, p99] = answers.count > 0
      ? answers.percentiles([50, 99]).map((micros) => micros / 1000)
      : [null, null];
    // Where nobody looked for longer, as while the process stood still, it is that many alike.
    const count = Math.min(POINTS, Math.max(1, Math.round((ms - last.ms) / INTERVAL_MS)));
    for (let k = 0; k < count; k++) {
      this.#points.push({
        startMs: last.ms + k * (ms - last.ms) / count,
        rate: (requests - last.requests) / seconds,
        inFlight,
        p50,
        p99,
        cpu: (cpuSeconds - last.cpuSeconds) / seconds,
      });
    }
    this.#points.splice(0, this.#points.length - POINTS);
  }

  get points(): readonly Point[] {
    return this.#points;
  }
}
