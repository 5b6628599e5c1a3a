import type { QueuedSlice } from "./bus/slice_queue.ts";
import { listNumbers, subtractRuns } from "./number_runs.ts";

/** Which of the slices that an earlier submitter has queued this one takes over. */
export interface Adoption {
  readonly adopted: readonly QueuedSlice[];
  /** Others: some of their numbers are done, or stand in a slice that is taken over. */
  readonly rejected: readonly QueuedSlice[];
  /** All numbers of those that are taken over, as ascending runs. */
  readonly runs: readonly number[];
}

/**
 * Chooses the slices that can be collected as they are: all of their numbers are open, and in no
 * other slice.
 *
 * @param isOpen whether the run has a request of that number that is not done
 */
export function adoptSlices(
  queued: readonly QueuedSlice[],
  { step, isOpen }: { step: number; isOpen: (i: number) => boolean },
): Adoption {
  const adopted: QueuedSlice[] = [];
  const rejected: QueuedSlice[] = [];
  // In the order in which they were queued, so that of two with the same number the older one stays.
  const taken = new Intervals(step);
  for (const one of queued) {
    const { runs } = one.slice;
    const isWhole = subtractRuns(runs, runs, step) !== undefined &&
      [...pairs(runs)].every(([first, count]) => taken.isFree(first, count)) &&
      listNumbers(runs, step).every(isOpen);
    if (isWhole) { for (const [first, count] of pairs(runs)) taken.add(first, count); }
    (isWhole ? adopted : rejected).push(one);
  }
  return { adopted, rejected, runs: taken.toRuns() };
}

function* pairs(runs: readonly number[]): Generator<[first: number, count: number]> {
  for (let k = 0; k < runs.length; k += 2) yield [runs[k], runs[k + 1]];
}

/** Intervals of numbers that have none in common, ascending: as many as queued slices have runs. */
class Intervals {
  readonly #step: number;
  readonly #firsts: number[] = [];
  readonly #counts: number[] = [];

  constructor(step: number) {
    this.#step = step;
  }

  /** How many intervals begin at or below a number. */
  #find(first: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#firsts[middle] <= first) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isFree(first: number, count: number): boolean {
    const k = this.#find(first);
    const isBehind = k === 0 || this.#firsts[k - 1] + this.#counts[k - 1] * this.#step <= first;
    return isBehind &&
      (k === this.#firsts.length || first + count * this.#step <= this.#firsts[k]);
  }

  add(first: number, count: number): void {
    const k = this.#find(first);
    this.#firsts.splice(k, 0, first);
    this.#counts.splice(k, 0, count);
  }

  toRuns(): number[] {
    return this.#firsts.flatMap((first, k) => [first, this.#counts[k]]);
  }
}
