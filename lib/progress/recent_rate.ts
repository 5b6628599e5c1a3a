import type { Interval } from "../series/interval.ts";
import { Sampler } from "../series/sampler.ts";
import type { Snapshot } from "../stats/snapshot.ts";

/** The rate that is shown is that of about the last five seconds. */
const WINDOW_MS = 5_000;
const WINDOW_INTERVALS = 10;

/** The rate of about the last five seconds, or since the last call if that is longer ago. */
export class RecentRate {
  readonly #sampler = new Sampler({ everyMs: WINDOW_MS / WINDOW_INTERVALS, columns: ["rate"] });
  /** Ascending; all except the first ended within the window. At most 11. */
  readonly #intervals: Interval[] = [];

  /**
   * @param ms the time, not before that of the last call
   * @returns requests a second; 0 at the first call
   */
  update(snapshot: Snapshot, ms: number): number {
    const intervals = this.#intervals;
    const ended = this.#sampler.update(snapshot, ms);
    if (ended !== undefined) {
      intervals.push(ended);
      while (intervals.length > 1 && intervals[0].endMs <= ms - WINDOW_MS) intervals.shift();
    }
    const window = this.#sampler.peek(snapshot, ms);
    for (const interval of intervals) window.add(interval);
    return window.read("rate") ?? 0;
  }
}
