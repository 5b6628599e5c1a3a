import type { Result } from "../result.ts";
import type { Recorder } from "../stats/stats.ts";
import type { OpenSlice } from "./open_slice.ts";

/**
 * The slices that a worker is doing. Each result goes to the slice of its number: a slow request
 * keeps its slice open while later ones are done.
 */
export class OpenSlices implements Recorder {
  /** The oldest first. */
  readonly list: OpenSlice[] = [];
  readonly #onWhole: (slice: OpenSlice) => void;
  /** The slice of the last result, which is likely to be that of the next. */
  #last: OpenSlice | undefined;

  /** @param onWhole called with a slice of which all requests have their result */
  constructor(onWhole: (slice: OpenSlice) => void) {
    this.#onWhole = onWhole;
  }

  add(slice: OpenSlice): void {
    this.list.push(slice);
    this.#last ??= slice;
  }

  remove(slice: OpenSlice): void {
    this.list.splice(this.list.indexOf(slice), 1);
    if (this.#last === slice) this.#last = this.list[0];
  }

  /** @throws If the request is in none of the slices, or has a result. */
  record(result: Result): void {
    const { i } = result.target;
    let slice = this.#last;
    let place = slice?.find(i);
    for (let k = 0; place === undefined && k < this.list.length; k++) {
      slice = this.list[k];
      place = slice.find(i);
    }
    if (slice === undefined || place === undefined) {
      throw new Error(`The result of request ${i} belongs to no slice`);
    }
    this.#last = slice;
    slice.write(place, result);
    if (slice.isWhole) this.#onWhole(slice);
  }

  recordRetry(cause: string, result: Result): void {
    this.list.find((slice) => slice.find(result.target.i) !== undefined)!
      .stats.recordRetry(cause, result);
  }

  /** It belongs to no result: one of the slices counts it. */
  recordStart(ownLateMs: number): void {
    this.#last!.stats.recordStart(ownLateMs);
  }

  recordLateStart(ms: number): void {
    this.#last!.stats.recordLateStart(ms);
  }
}
