import { NoProgressError } from "../errors.ts";
import type { CommonState } from "./common_state.ts";
import type { UnreachableNews } from "./news.ts";

/** A run whose first requests all fail ends if their place is unreachable for this many requests. */
export const FIRST_FAILURES = 50;

/**
 * Counts the first requests of a run as long as all of them find one place unreachable: their host,
 * or the proxy or Unix socket on the way to all hosts.
 */
export class FirstFailures {
  readonly #common: CommonState | undefined;
  /** Undefined once anything else happened. */
  #count: number | undefined;
  #place = "";
  /** As what this event loop is counted for the others, if it is; `idle` is one of the ended. */
  #counted: "idle" | "ended" | "stuck" | undefined;
  /** What is known of the place, once there were enough failures. */
  found: Omit<UnreachableNews, "about"> | undefined;

  /**
   * @param isCounting whether they matter
   * @param common what event loops have in common; undefined with one event loop
   * @param hasOwnHosts whether other event loops make the requests of other hosts. Then no target
   * may ever come here, and none can come while another one has no room for its own.
   */
  constructor(isCounting: boolean, common: CommonState | undefined, hasOwnHosts: boolean) {
    this.#count = isCounting ? 0 : undefined;
    this.#common = common;
    if (!hasOwnHosts || common === undefined) return;
    this.#counted = "idle";
    common.recordEnd();
  }

  /** Records that there is a target here. */
  begin(): void {
    if (this.#counted !== "idle") return;
    this.#counted = undefined;
    this.#common!.recordEnd(-1);
  }

  /** Whether nothing but such failures has happened so far. */
  get isCounting(): boolean {
    if (this.#common?.isReached) this.#count = undefined;
    return this.#count !== undefined;
  }

  /** Records that something else has happened. */
  stop(): void {
    if (this.#count === undefined) return;
    this.#count = undefined;
    this.#common?.recordReached();
  }

  /** Counts a failure. @returns whether there are enough, with this one */
  add(place: string): boolean {
    if (!this.isCounting) return false;
    if (this.#count === 0) this.#place = place;
    if (place !== this.#place) this.stop();
    else {
      this.#count!++;
      if (this.#common !== undefined) this.#count = this.#common.countUnreachable(place);
    }
    return this.#count === FIRST_FAILURES;
  }

  /** Whether there were enough failures, at a place that is known. */
  get isEnough(): boolean {
    return this.found !== undefined && this.isCounting &&
      (this.#common?.firstFailures ?? this.#count!) >= FIRST_FAILURES;
  }

  /** Why a run ends with them. Only once the place is known. */
  toError(): NoProgressError {
    const { name, cause, hasNoWay } = this.found!;
    const [where, fix] = hasNoWay
      ? [`all requests go through ${name}`, "Check that a server listens there"]
      : [`${name} is the only host`, "Check its name and port"];
    return new NoProgressError(
      `Cannot go on: the first ${FIRST_FAILURES} requests failed, and ${where} ` +
        `(${cause}). ${fix}, or use '--host-give-up never' to wait for it, ` +
        "or '--no-pause' to make all requests without waiting",
    );
  }

  /**
   * Records that this event loop has ended, or only waits for that place.
   *
   * @returns whether that is true of all event loops, and one of them waits
   */
  settle(kind: "ended" | "stuck"): boolean {
    if (this.#common === undefined) return kind === "stuck";
    if (this.#counted === undefined) {
      this.#counted = kind;
      if (kind === "ended") this.#common.recordEnd();
      else this.#common.recordStuck();
    }
    return this.#common.isStuck;
  }
}
