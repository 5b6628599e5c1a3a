import type { Result } from "../result.ts";
import type { Recorder } from "../stats/stats.ts";
import type { OpenSlice } from "./open_slice.ts";

/** Counts each result among those of its slice. */
export class SliceStats implements Recorder {
  readonly #find: (i: number) => OpenSlice;
  /** The slice that counts what belongs to no request. */
  readonly #current: () => OpenSlice;

  constructor(find: (i: number) => OpenSlice, current: () => OpenSlice) {
    this.#find = find;
    this.#current = current;
  }

  record(result: Result): void {
    this.#find(result.target.i).stats.record(result);
  }

  recordRetry(cause: string, result: Result): void {
    this.#find(result.target.i).stats.recordRetry(cause, result);
  }

  recordStart(ownLateMs: number): void {
    this.#current().stats.recordStart(ownLateMs);
  }

  recordLateStart(ms: number): void {
    this.#current().stats.recordLateStart(ms);
  }
}
