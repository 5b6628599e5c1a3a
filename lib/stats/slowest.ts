import type { ObservedResult } from "../result.ts";
import { withoutUserinfo } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import type { SlowRequest } from "./snapshot.ts";

/** How many are kept. */
const MAX_SLOWEST = 20;
const NONE: readonly SlowRequest[] = [];

/** Keeps the slowest of the responses whose latency counts. */
export class Slowest {
  /** The slowest first; of two alike the earlier one. At most {@linkcode MAX_SLOWEST}. */
  readonly #kept: SlowRequest[] = [];
  /** A response has to take longer than this to be kept, in milliseconds. */
  #floorMs = -1;
  /** Those of {@linkcode #kept} that were taken, and whether there are others. */
  #taken: ReadonlySet<SlowRequest> = new Set();
  #hasNew = false;

  record({ target, status, ms, at, error }: ObservedResult<"i" | "url">): void {
    if (ms <= this.#floorMs || error !== undefined || status === null) return;
    const url = truncate(withoutUserinfo(target.url));
    this.#insert({ i: target.i, url, status, ms, at });
  }

  /** Adds what another has given by {@linkcode take}; of two alike, the one from here comes first. */
  add(others: readonly SlowRequest[]): void {
    for (const one of others) if (one.ms > this.#floorMs) this.#insert(one);
  }

  /** Those that came since the last call, slowest first. It goes on keeping all of them. */
  take(): readonly SlowRequest[] {
    if (!this.#hasNew) return NONE;
    const taken = this.#kept.filter((one) => !this.#taken.has(one));
    this.#taken = new Set(this.#kept);
    this.#hasNew = false;
    return taken;
  }

  #insert(one: SlowRequest): void {
    const kept = this.#kept;
    let place = kept.length;
    while (place > 0 && kept[place - 1].ms < one.ms) place--;
    kept.splice(place, 0, one);
    this.#hasNew = true;
    if (kept.length > MAX_SLOWEST) kept.pop();
    if (kept.length === MAX_SLOWEST) this.#floorMs = kept[MAX_SLOWEST - 1].ms;
  }

  /** The slowest first. */
  list(): SlowRequest[] {
    return [...this.#kept];
  }
}
