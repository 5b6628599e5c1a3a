import { withoutUserinfo } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import type { ObservedResult } from "./observed_result.ts";
import type { SlowRequest } from "./snapshot.ts";

/** How many are kept. */
const MAX_SLOWEST = 20;

/** Keeps the slowest of the answers whose latency counts. */
export class Slowest {
  /** The slowest first; of two alike the earlier one. At most `MOST`. */
  readonly #kept: SlowRequest[] = [];
  /** What it takes to be kept, in milliseconds: more than this. */
  #floorMs = -1;

  record({ target, status, ms, at, error }: ObservedResult<"i" | "url">): void {
    if (ms <= this.#floorMs || error !== undefined || status === null) return;
    const kept = this.#kept;
    let place = kept.length;
    while (place > 0 && kept[place - 1].ms < ms) place--;
    const url = truncate(withoutUserinfo(target.url));
    kept.splice(place, 0, { i: target.i, url, status, ms, at });
    if (kept.length > MAX_SLOWEST) kept.pop();
    if (kept.length === MAX_SLOWEST) this.#floorMs = kept[MAX_SLOWEST - 1].ms;
  }

  /** The slowest first. */
  list(): SlowRequest[] {
    return [...this.#kept];
  }
}
