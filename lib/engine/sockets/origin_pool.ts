import type { Failure } from "../../result.ts";
import type { Connection } from "./connection.ts";
import { DialedOrigin, MAX_DIALS_PER_ORIGIN } from "./dialer.ts";
import type { Origin } from "./router.ts";
import type { SharedConnections } from "./shared_connections.ts";

/** A request that waits for a connection. */
export interface Waiter {
  /** Whether it needs a connection that was not used before, unless requests share connections. */
  readonly isFreshOnly: boolean;
  /** Whether it must have a connection of its own. */
  readonly isAlone: boolean;
  /** The bytes of its fields, and of its URL. */
  readonly headBytes: number;
  /** A connection is being made for it from now on; so far it had to wait for its turn. */
  onTurn(): void;
  /** Called with a connection that has room, which it has to use at once. */
  onConnection(connection: Connection): void;
  onConnectFailure(failure: Failure): void;
}

/** How long shared connections have to do when a further one could not be made, in milliseconds. */
const ENOUGH_MS = 1_000;
/** The pause before the next connection when one has ended without a request, in milliseconds. */
const PAUSE_MS = 1_000;

/** What is known of an origin before anything was sent to it. */
export interface OriginPoolOptions {
  readonly protocols: readonly string[];
  readonly isForwarded: boolean;
  /** The connections that requests share; undefined if each request has one of its own. */
  readonly shared: SharedConnections | undefined;
  /** The maximum number of connections that requests share. */
  readonly maxShared: number;
}

/** The connections of an origin, and the requests that wait for one. It is dropped when it is empty. */
export class OriginPool extends DialedOrigin {
  readonly key: string;
  readonly shared: SharedConnections | undefined;
  readonly #maxShared: number;
  /**
   * Connections for one request at a time that no request waits for. Last in, first out: the warmest
   * is used first, and those at the bottom grow old.
   */
  readonly idle: Connection[] = [];
  /**
   * Such connections that are ready for waiting requests, and are kept until requests may be sent.
   * There are never more than there are waiters that accept any connection.
   */
  readonly parked: Connection[] = [];
  /**
   * First in, first out; at most the concurrency. The first {@linkcode begun} had their turn: a
   * connection was begun for each, or for all of them. They keep their turn, and their time runs on,
   * if the connection is lost and another has to be made. The others wait for their turn:
   *
   * ```text
   * [ begun | begun | waits for its turn | waits for its turn ]
   * ```
   */
  readonly waiting: Waiter[] = [];
  begun = 0;
  /** How many waiters are {@linkcode Waiter.isFreshOnly}. */
  freshOnly = 0;
  /**
   * How many waiters a connection that is being made will serve: 1 if each request has a connection
   * of its own; Infinity while it is not known whether requests share connections, or how many do.
   */
  perDial: number;
  /** How many connections have to be made though nobody waits for one yet. */
  spare = 0;
  /** No further connection is begun before this time of `performance.now()` while others are shared. */
  #enoughUntilMs = 0;
  /** Undefined while connections may be begun. */
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(key: string, origin: Origin, options: OriginPoolOptions) {
    super(origin, options.protocols, options.isForwarded);
    this.key = key;
    this.shared = options.shared;
    this.#maxShared = options.maxShared;
    this.perDial = this.shared === undefined ? 1 : Infinity;
  }

  override get missing(): number {
    const { shared, dials, perDial } = this;
    const unserved = this.waiting.length - this.parked.length - (shared?.room ?? 0);
    const wanted = unserved <= 0 ? 0 : Math.ceil(unserved / perDial) || 1;
    const missing = Math.max(wanted, this.spare) - dials.size;
    if (this.#pause !== undefined) return Math.min(missing, 0);
    if (shared === undefined || perDial === 1 && shared.size === 0) return missing;
    if (shared.size > 0 && this.#isEnough) return Math.min(missing, 0);
    return Math.min(missing, this.#maxShared - shared.size - dials.size);
  }

  get #isEnough(): boolean {
    return this.#enoughUntilMs > 0 && performance.now() < this.#enoughUntilMs;
  }

  /** A connection could not be made. @returns whether the open ones have to do */
  doWithout(): boolean {
    if (this.shared === undefined || this.shared.size === 0) return false;
    this.#enoughUntilMs = performance.now() + ENOUGH_MS;
    return true;
  }

  /**
   * Begins no connection for a while. A server that ends connections without taking a request would
   * get the next one at once, as long as requests wait.
   *
   * @param done called when the pause is over
   */
  pause(done: () => void): void {
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      done();
    }, PAUSE_MS);
    this.giveTurns();
  }

  /** Ends what it waits for. */
  close(): void {
    clearTimeout(this.#pause);
  }

  override onBegin(): void {
    this.giveTurns();
  }

  /** How many waiters accept any connection. */
  get forAny(): number {
    return this.waiting.length - this.freshOnly;
  }

  addWaiter(waiter: Waiter): void {
    this.waiting.push(waiter);
    if (waiter.isFreshOnly) this.freshOnly++;
  }

  /** Removes a waiter. */
  takeWaiter(place: number): Waiter {
    const [waiter] = place === 0 ? [this.waiting.shift()!] : this.waiting.splice(place, 1);
    if (place < this.begun) this.begun--;
    if (waiter.isFreshOnly) this.freshOnly--;
    this.giveTurns();
    return waiter;
  }

  /** Gives their turn to waiters for which a connection is being made by now. */
  giveTurns(): void {
    const { waiting, dials, shared } = this;
    if (this.begun === waiting.length) return;
    const size = shared?.size ?? 0;
    // A waiter beyond these limits waits for its own host, not for its turn.
    const isFull = dials.size >= MAX_DIALS_PER_ORIGIN || this.#pause !== undefined ||
      this.perDial > 1 && dials.size + size > 0 || size > 0 && this.missing <= 0;
    while (this.begun < waiting.length && (isFull || this.begun < dials.size)) {
      waiting[this.begun++].onTurn();
    }
  }
}
