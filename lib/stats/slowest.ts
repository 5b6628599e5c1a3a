import type { ObservedResult } from "../result.ts";
import { withoutUserinfo } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import type { SlowRequest } from "./snapshot.ts";

/** How many are kept. */
const MAX_SLOWEST = 20;

/** Keeps the slowest of the responses whose latency counts. */
export class Slowest {
  /** The slowest first; of two alike the earlier one. At most {@linkcode MAX_SLOWEST}. */
  readonly #kept: SlowRequest[] = [];
  /** A response has to take longer than this to be kept, in milliseconds. */
  #floorMs = -1;

  record({ target, status, ms, at, error }: ObservedResult<"i" | "url">): void {
    if (ms <= this.#floorMs || error !== undefined || status === null) return;
    const url = truncate(withoutUserinfo(target.url));
    this.#insert({ i: target.i, url, status, ms, at });
  }

  /** Adds what another has kept; of two alike, the one from here comes first. */
  add(other: Slowest): void {
    for (const one of other.#kept) if (one.ms > this.#floorMs) this.#insert(one);
  }

  #insert(one: SlowRequest): void {
    const kept = this.#kept;
    let place = kept.length;
    while (place > 0 && kept[place - 1].ms < one.ms) place--;
    kept.splice(place, 0, one);
    if (kept.length > MAX_SLOWEST) kept.pop();
    if (kept.length === MAX_SLOWEST) this.#floorMs = kept[MAX_SLOWEST - 1].ms;
  }

  /** The slowest first. */
  list(): SlowRequest[] {
    return [...this.#kept];
  }
}
