/**
 * How one connection is made to a host that may have several addresses (RFC 8305).
 *
 * @module
 */
import { InFlight } from "../deadlines.ts";
import type { ConnectError, Link } from "./link.ts";
import type { Address } from "../names/name_lookup.ts";

/** The known addresses of a host. */
export interface Addresses {
  /** Addresses to connect to; the one that was reached last comes first. */
  readonly addresses: Address[];
  /** Addresses that a proxy is asked for, in the same order. */
  readonly targets: Address[];
}

/** How long an address is tried alone before the next one is tried as well (RFC 8305 §5). */
export const ATTEMPT_DELAY_MS = 250;

/** The owner of a dial. */
export interface DialOwner {
  /** Whether every connection leads to a proxy first. */
  readonly isProxied: boolean;
  /** Begins a link, and reports its outcome by {@linkcode Dial.onOpen} or `onFailure`. */
  open(dial: Dial, address: Address, target: Address): Link;
  /** One address has failed. The owner may {@linkcode Dial.cancel} the dial. */
  onAttemptFailure(dial: Dial, error: ConnectError, address: Address): void;
  /** The dial is over, and the link is open. */
  onDialed(dial: Dial, link: Link, address: Address, target: Address): void;
  /** The dial is over without a connection; the error is undefined if the host has no address. */
  onDialFailure(dial: Dial, error: ConnectError | undefined): void;
}

/** An address that is being tried. */
interface Attempt {
  readonly address: Address;
  /** The place of the address that the proxy is asked for, if there is a proxy. */
  readonly nth: number;
}

/**
 * Makes one connection: a look-up, and then the addresses, each {@linkcode ATTEMPT_DELAY_MS} after
 * the one before, or as soon as that one has failed. The first connection that is ready wins, and
 * the others are closed. The deadline is for all of it.
 */
export class Dial extends InFlight {
  readonly #owner: DialOwner;
  /** A time of `performance.now()`. */
  readonly startMs: number;
  /** When the last address was tried. */
  triedAtMs: number;
  /** Milliseconds that the look-up of the addresses took; null without one. */
  lookUpMs: number | null = null;
  #addresses: readonly Address[] = [];
  #targets: readonly Address[] = [];
  #next = 0;
  readonly #attempts = new Map<Link, Attempt>();
  #error: ConnectError | undefined;
  #isOver = false;

  constructor(owner: DialOwner, now: number) {
    super();
    this.#owner = owner;
    this.startMs = this.triedAtMs = now;
  }

  get hasAddress(): boolean {
    return this.#addresses.length > 0;
  }

  /** Whether there are addresses that were not tried yet. */
  get hasMore(): boolean {
    return this.#next < this.#addresses.length;
  }

  /** The address to try next; undefined without one, or if another address has been reached. */
  get next(): Address | undefined {
    if (this.#isOver || this.#attempts.size === 0) return undefined;
    for (const link of this.#attempts.keys()) {
      if (link.wasReached) return undefined;
    }
    return this.#addresses[this.#next];
  }

  /**
   * Begins with the first address.
   *
   * @param known the addresses to connect to, and those that a proxy is asked for: each of them after
   * the proxy could not reach the one before
   */
  begin({ addresses, targets }: Addresses): void {
    if (this.#isOver) return;
    // The lists are sorted again when an address is reached.
    this.#addresses = addresses.length > 1 ? [...addresses] : addresses;
    this.#targets = targets.length > 1 ? [...targets] : targets;
    this.#goOn();
  }

  /** Tries the next address in addition to those that are being tried. */
  race(now: number): void {
    this.triedAtMs = now;
    this.#try(this.#addresses[this.#next++], 0);
  }

  /** Closes the link that was begun first. Only while none has reached the host. */
  closeFirst(): void {
    const [link] = this.#attempts.keys();
    this.#attempts.delete(link);
    link.close();
  }

  #try(address: Address, nth: number): void {
    const link = this.#owner.open(this, address, this.#targets[nth]);
    this.#attempts.set(link, { address, nth });
  }

  /** Tries the next address if none is being tried, or ends the dial. */
  #goOn(): void {
    if (this.#attempts.size > 0) return;
    if (this.#next < this.#addresses.length) this.race(performance.now());
    else this.fail(this.#error);
  }

  /** A link of the dial is open. */
  onOpen(link: Link): void {
    const { address, nth } = this.#attempts.get(link)!;
    this.#attempts.delete(link);
    this.cancel();
    this.#owner.onDialed(this, link, address, this.#targets[nth]);
  }

  /** A link of the dial has failed. */
  onFailure(link: Link, error: ConnectError): void {
    const attempt = this.#attempts.get(link);
    // The dial itself closed it.
    if (attempt === undefined) return;
    this.#attempts.delete(link);
    const { address, nth } = attempt;
    this.#owner.onAttemptFailure(this, error, address);
    if (this.#isOver) return;
    if (this.#error === undefined || rankProgress(error) > rankProgress(this.#error)) {
      this.#error = error;
    }
    if (error.refusal?.isOfAddress === true && nth + 1 < this.#targets.length) {
      return this.#try(address, nth + 1);
    }
    // Other addresses of a proxy that was reached would not change its response.
    if (this.#owner.isProxied && error.wasReached) return this.fail(this.#error);
    this.#goOn();
  }

  /** The time is up. */
  override stop(): void {
    // The error of an address that was reached tells more than silence.
    if (this.#error !== undefined && rankProgress(this.#error) > 1) return this.fail(this.#error);
    this.fail({
      code: "timeout",
      message: "timeout",
      isTls: false,
      isOfProxy: false,
      refusal: undefined,
      wasReached: false,
    });
  }

  /** Ends the dial, if it is not over. */
  fail(error: ConnectError | undefined): void {
    if (this.#isOver) return;
    this.cancel();
    this.#owner.onDialFailure(this, error);
  }

  /** Ends the dial without telling its owner. */
  cancel(): void {
    this.#isOver = true;
    const losers = [...this.#attempts.keys()];
    this.#attempts.clear();
    for (const link of losers) link.close();
  }
}

/** How far a connection came: of several errors, the one that came farthest is reported. */
function rankProgress({ wasReached, code }: ConnectError): number {
  // A reset may come before the connection is reported.
  if (wasReached || code === "ECONNRESET") return 2;
  return code === "ECONNREFUSED" ? 1 : 0;
}
