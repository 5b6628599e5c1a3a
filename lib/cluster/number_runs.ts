/**
 * Numbers as runs: `first, count, first, count, …`. Within a run they follow each other by the step
 * of the shard.
 *
 * @module
 */

/** Gathers numbers in the order in which they come. */
export class RunBuilder {
  readonly runs: number[] = [];
  readonly #step: number;

  constructor(step: number) {
    this.#step = step;
  }

  add(i: number): void {
    const { runs } = this;
    const last = runs.length - 2;
    if (last >= 0 && runs[last] + runs[last + 1] * this.#step === i) runs[last + 1]++;
    else runs.push(i, 1);
  }
}

export function* listNumbers(runs: readonly number[], step: number): Generator<number> {
  for (let k = 0; k < runs.length; k += 2) {
    for (let n = 0; n < runs[k + 1]; n++) yield runs[k] + n * step;
  }
}

export function countRuns(runs: readonly number[]): number {
  let count = 0;
  for (let k = 1; k < runs.length; k += 2) count += runs[k];
  return count;
}

/** Runs in lists of so many at most. @param most the maximum number of runs of each, from 1 */
export function splitRuns(runs: readonly number[], most: number): number[][] {
  const lists: number[][] = [];
  for (let k = 0; k < runs.length; k += 2 * most) lists.push(runs.slice(k, k + 2 * most));
  return lists;
}

/**
 * What is left of runs without some of their numbers; both ascend.
 *
 * @returns undefined if the others are not ascending runs of numbers that are among these
 */
export function subtractRuns(
  runs: readonly number[],
  others: readonly number[],
  step: number,
): number[] | undefined {
  if (others.length % 2 !== 0) return undefined;
  const rest: number[] = [];
  let k = 0;
  // What is left of run k.
  let [first, count] = runs;
  for (let o = 0; o < others.length; o += 2) {
    const [start, length] = [others[o], others[o + 1]];
    if (!Number.isSafeInteger(start) || !(Number.isSafeInteger(length) && length > 0)) {
      return undefined;
    }
    while (k < runs.length && start >= first + count * step) {
      if (count > 0) rest.push(first, count);
      k += 2;
      [first, count] = [runs[k], runs[k + 1]];
    }
    const skipped = (start - first) / step;
    // NaN behind the last run.
    if (!(skipped >= 0 && Number.isInteger(skipped) && skipped + length <= count)) return undefined;
    if (skipped > 0) rest.push(first, skipped);
    first = start + length * step;
    count -= skipped + length;
  }
  for (; k < runs.length; k += 2, [first, count] = [runs[k], runs[k + 1]]) {
    if (count > 0) rest.push(first, count);
  }
  return rest;
}

/**
 * Whether a value of JSON is runs of numbers, ascending.
 *
 * @param max the maximum number of runs
 * @param step between two numbers, at least
 */
export function isRuns(value: unknown, max: number, step = 1): value is number[] {
  if (!Array.isArray(value) || value.length % 2 !== 0 || value.length > 2 * max) return false;
  let last = -1;
  for (let k = 0; k < value.length; k += 2) {
    const [first, count] = [value[k], value[k + 1]];
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count)) return false;
    const end = first + (count - 1) * step;
    if (first <= last || count < 1 || !Number.isSafeInteger(end)) return false;
    last = end;
  }
  return true;
}

/** Whether two lists of ascending runs have a number in common, if all have the same step. */
export function haveCommon(a: readonly number[], b: readonly number[], step: number): boolean {
  let k = 0;
  for (let j = 0; j < b.length; j += 2) {
    const last = b[j] + (b[j + 1] - 1) * step;
    while (k < a.length && a[k] + (a[k + 1] - 1) * step < b[j]) k += 2;
    if (k < a.length && a[k] <= last) return true;
  }
  return false;
}

/** Where numbers are among those of runs. Ascending runs only. */
export class NumberPlaces {
  readonly #runs: readonly number[];
  readonly #step: number;
  /** How many numbers come before each run. */
  readonly #before: number[] = [];
  /** The run of the last one that was found. */
  #last = 0;
  readonly count: number;

  constructor(runs: readonly number[], step: number) {
    this.#runs = runs;
    this.#step = step;
    let count = 0;
    for (let k = 0; k < runs.length; k += 2) {
      this.#before.push(count);
      count += runs[k + 1];
    }
    this.count = count;
  }

  /** The place of a number, from 0; undefined if it is not among them. */
  find(i: number): number | undefined {
    const place = this.#within(this.#last, i);
    if (place !== undefined) return place;
    let low = 0;
    let high = this.#before.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#runs[2 * middle] <= i) low = middle;
      else high = middle - 1;
    }
    this.#last = low;
    return this.#within(low, i);
  }

  #within(k: number, i: number): number | undefined {
    const first = this.#runs[2 * k];
    const place = (i - first) / this.#step;
    if (!(place >= 0 && place < this.#runs[2 * k + 1] && Number.isInteger(place))) return undefined;
    return this.#before[k] + place;
  }
}
