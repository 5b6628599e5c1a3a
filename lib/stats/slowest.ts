import type { ObservedResult } from "../result.ts";
import { type Check, isCount, isNumber, isShape, isText } from "../text/json_shape.ts";
import { withoutUserinfo } from "../text/secrets.ts";
import { truncate } from "../text/truncate.ts";
import type { SlowRequest } from "./snapshot.ts";

/** How many are kept where nobody asks for more. */
const USUAL = 20;
/** The maximum number that can be asked for. */
export const MAX_SLOWEST = 1_000;
const NONE: readonly SlowRequest[] = [];

/** Keeps the slowest of the responses whose latency counts. */
export class Slowest {
  /** How many are kept. */
  readonly #most: number;
  /** The slowest first; of two alike the earlier one. At most {@linkcode #most}. */
  readonly #kept: SlowRequest[] = [];
  /** A response has to take longer than this to be kept, in milliseconds. */
  #floorMs = -1;
  /** Those of {@linkcode #kept} that were taken, and whether there are others. */
  #taken: ReadonlySet<SlowRequest> = new Set();
  #hasNew = false;

  /** @param wanted how many to keep at least, up to {@linkcode MAX_SLOWEST} */
  constructor(wanted = 0) {
    this.#most = Math.max(USUAL, wanted);
  }

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
    if (kept.length > this.#most) kept.pop();
    if (kept.length === this.#most) this.#floorMs = kept[this.#most - 1].ms;
  }

  /** The slowest first. */
  list(): SlowRequest[] {
    return [...this.#kept];
  }
}

/** Whether a value of JSON is one of {@linkcode Slowest.list}. */
export const isSlowRequest: Check = isShape({
  i: isCount,
  url: isText,
  status: isCount,
  ms: isNumber,
  at: isNumber,
});
