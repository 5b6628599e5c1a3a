/**
 * Makes connections: which origin is next, when its name is looked up, and the limits of all that.
 *
 * @module
 */
import type { Failure } from "../../result.ts";
import { Deadlines } from "../deadlines.ts";
import type { TlsOptions } from "../engine.ts";
import { type Address, NameLookups, type NameService } from "../names/name_lookup.ts";
import { Shortage } from "../shortage.ts";
import type { TlsDestination, Transports } from "../transport/transport.ts";
import { AddressFinder, type AddressOptions, type FoundAddresses } from "./address_finder.ts";
import { findConnectShortage, toConnectFailure } from "./connect_failure.ts";
import { ATTEMPT_DELAY_MS, Dial, type DialOwner } from "./dial.ts";
import { type ConnectError, type Destination, Link, type LinkOwner } from "./link.ts";
import type { Origin } from "./router.ts";
import { openTunnel } from "./tunnel.ts";

/** Options for a {@linkcode Dialer}. */
export interface DialerOptions extends AddressOptions {
  readonly transports: Transports;
  /** The milliseconds that connecting may take, including look-up and TLS; more than 0. */
  readonly connectTimeoutMs: number;
  readonly tls: TlsOptions;
  /** Looks up the addresses of names. @default the system */
  readonly names?: NameService | undefined;
}

/** The maximum number of connections being made at once to one origin. */
export const MAX_DIALS_PER_ORIGIN = 64;
/**
 * The maximum number of connections at once that were begun just before: more of them starve each
 * other, unless the transports see to that.
 */
const MAX_YOUNG = 64;
const MAX_YOUNG_WITHOUT_STARVING = 256;
/**
 * After this time a connection counts as waiting for the network: a host that does not respond costs
 * this process nothing, and must not hold up other hosts.
 */
const YOUNG_MS = 100;
/** How long a host waits for a look-up by the system before the name server is asked directly. */
const LOOKUP_PATIENCE_MS = 300;
/** The interval of checks while connections are being made. */
const TICK_MS = 10;

/** The shortage in which look-ups fail as well. */
const NO_DESCRIPTOR = findConnectShortage({ code: "EMFILE" }, false);

/** What ALPN offers to a proxy. */
const PROTOCOLS_OF_PROXY = ["http/1.1"];

/** An origin that connections are made to. */
export abstract class DialedOrigin {
  readonly origin: Origin;
  /** The protocols that ALPN offers, the preferred one first. */
  readonly protocols: readonly string[];
  /** Whether a proxy gets the requests themselves, without a tunnel. */
  readonly isForwarded: boolean;
  /** Connections being made, the oldest first; at most {@linkcode MAX_DIALS_PER_ORIGIN}. */
  readonly dials = new Set<Dial>();
  /** How many sockets there are to it: links, and connections. */
  open = 0;
  /** The addresses, once they are looked up; forgotten when every address has failed. */
  known: FoundAddresses | undefined;
  lookUp: Promise<FoundAddresses> | undefined;
  /** Cancels the look-up, if that is possible. */
  abandonLookUp: AbortController | undefined;
  /** Those of the known addresses that were reached. */
  reached = new Set<string>();

  constructor(origin: Origin, protocols: readonly string[], isForwarded: boolean) {
    this.origin = origin;
    this.protocols = protocols;
    this.isForwarded = isForwarded;
  }

  /** Takes addresses from a look-up. Those that were reached before come first. */
  learn(found: FoundAddresses): void {
    const { addresses } = this.known = found;
    const reached = addresses.filter(({ address }) => this.reached.has(address));
    this.reached = new Set(reached.map(({ address }) => address));
    for (const address of reached.reverse()) putFirst(addresses, address);
  }

  /**
   * How many more connections are needed; less than 0 if some are being made that nobody needs.
   */
  abstract get missing(): number;
  /** A connection has been begun. */
  abstract onBegin(): void;
}

/** Makes connections for origins, which take turns with one connection each. */
export abstract class Dialer<T extends DialedOrigin> implements DialOwner, LinkOwner {
  readonly #options: DialerOptions;
  readonly #maxYoung: number;
  readonly isProxied: boolean;
  /** The same for all connections, whose transports need not prepare its options again. */
  readonly #proxyTls: TlsDestination | undefined;
  /** The links that are not open yet. */
  readonly #dialOf = new Map<Link, Dial>();
  readonly #originOf = new Map<Dial, T>();
  /** Dials younger than {@linkcode YOUNG_MS}, the oldest first; bounded by the constants above. */
  readonly #young = new Set<Dial>();
  /** Dials with more addresses to try, in the order of their last tries. */
  readonly #racing = new Set<Dial>();
  /** All dials, the oldest first. */
  readonly #connects: Deadlines;
  /** Origins that connections have to be begun for, in turn. */
  readonly #wanting = new Set<T>();
  readonly #lookUps: NameLookups;
  readonly #finder: AddressFinder;
  /**
   * Origins that wait for a look-up to begin, and since when, the first that came first; at most the
   * concurrency.
   */
  readonly #waitingForLookUp = new Map<T, number>();
  /** Whether a connection is being closed for another one, whose place is not free for a third. */
  #isMakingRoom = false;
  #ticks: ReturnType<typeof setInterval> | undefined;
  /** While it lasts, no connection is begun; open ones are used as before. */
  readonly shortage = new Shortage();

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#maxYoung = options.transports.isStarvedByLoad ? MAX_YOUNG : MAX_YOUNG_WITHOUT_STARVING;
    const { proxy, tls } = options;
    this.isProxied = proxy !== undefined;
    this.#proxyTls = proxy?.protocol === "https"
      // The certificate of the client is for the origin.
      ? {
        hostname: proxy.hostname,
        options: { ca: tls.ca, insecure: tls.insecure },
        protocols: PROTOCOLS_OF_PROXY,
      }
      : undefined;
    this.#connects = new Deadlines(options.connectTimeoutMs);
    this.#lookUps = new NameLookups({
      onRoom: () => this.#serveWaiting(),
      isShort: () => this.shortage.what === NO_DESCRIPTOR,
      service: options.names,
      version: options.ipVersion,
    });
    this.#finder = new AddressFinder(options, this.#lookUps);
  }

  /** A dial has been begun. */
  protected abstract onDial(): void;
  /** Makes room for one more socket, if possible. */
  protected abstract makeRoom(): void;
  /** Whether a socket to a second or further address of a host fits. */
  protected abstract get hasRoomForMore(): boolean;
  /** A connection is open, and has to be used at once. @param openMs milliseconds that it took */
  protected abstract onLink(origin: T, link: Link, openMs: number): void;
  /** A connection could not be made. */
  protected abstract onNoLink(origin: T, failure: Failure): void;
  /** This machine has no socket left. */
  protected abstract onShortage(origin: T): void;
  /** A socket is closed, or a dial is over. */
  protected abstract onRelease(origin: T): void;

  /** How many connections are being made. */
  protected get dialing(): number {
    return this.#originOf.size;
  }

  /** How many sockets are not open yet. */
  protected get linking(): number {
    return this.#dialOf.size;
  }

  /** Puts an origin in the row of those that connections are begun for, if it needs any. */
  protected enlist(origin: T): void {
    if (origin.missing > 0) this.#wanting.add(origin);
  }

  /** Forgets an origin that nobody needs. */
  protected dismiss(origin: T): void {
    this.#waitingForLookUp.delete(origin);
    this.#wanting.delete(origin);
  }

  /** Ends the connection that has been in the making for longest. */
  protected endDial(origin: T): void {
    const [dial] = origin.dials;
    dial.cancel();
    this.#end(dial);
  }

  /** Begins connections, one for each origin in turn. */
  protected connectMore(): void {
    // Whoever makes room goes on afterwards, or the next tick does.
    if (this.#isMakingRoom) return;
    this.#serveWaiting();
    for (const origin of this.#wanting) {
      if (this.#young.size >= this.#maxYoung || this.shortage.isOn) return;
      this.#wanting.delete(origin);
      if (origin.missing <= 0 || origin.dials.size >= MAX_DIALS_PER_ORIGIN) continue;
      if (!this.#hasLookUp(origin)) {
        if (!this.#waitingForLookUp.has(origin)) {
          this.#waitingForLookUp.set(origin, performance.now());
        }
        this.#watch();
        continue;
      }
      this.#begin(origin, false);
      if (origin.missing > 0) this.#wanting.add(origin);
    }
  }

  /** Whether the addresses of an origin are known, or can be looked up now. */
  #hasLookUp(origin: T): boolean {
    return this.#isKnown(origin) || origin.lookUp !== undefined ||
      this.#finder.listUnknown(origin.origin).every((name) => this.#lookUps.hasRoomFor(name));
  }

  /** Whether the addresses of an origin are known, and still hold. */
  #isKnown({ known }: T): boolean {
    return known !== undefined &&
      (known.untilMs === Infinity || performance.now() < known.untilMs);
  }

  /** @param isDirect whether to ask the name server itself, if names have to be looked up */
  #begin(origin: T, isDirect: boolean): void {
    const now = performance.now();
    const dial = new Dial(this, now);
    this.#originOf.set(dial, origin);
    this.#young.add(dial);
    this.#connects.add(dial, now);
    origin.dials.add(dial);
    origin.onBegin();
    this.#watch();
    this.onDial();
    if (this.#isKnown(origin)) return dial.begin(origin.known!);
    const isAsked = this.#finder.listUnknown(origin.origin).length > 0;
    origin.lookUp ??= this.#lookUp(origin, isDirect);
    origin.lookUp.then((known) => {
      if (isAsked) dial.lookUpMs = performance.now() - dial.startMs;
      dial.begin(known);
    }, (error: ConnectError) => {
      // It may have been ended before.
      if (this.#originOf.has(dial) && !this.#postpone(dial, findConnectShortage(error, false))) {
        dial.fail(error);
      }
    });
  }

  /** @throws {ConnectError} If no address is found. */
  async #lookUp(origin: T, isDirect: boolean): Promise<FoundAddresses> {
    const abandon = origin.abandonLookUp = new AbortController();
    try {
      const { signal } = abandon;
      const found = await this.#finder.find(origin.origin, { isDirect, signal });
      origin.learn(found);
      return found;
    } finally {
      if (origin.abandonLookUp === abandon) origin.lookUp = origin.abandonLookUp = undefined;
    }
  }

  /** Begins with the origins that have waited longest for a look-up: as many as there is room for. */
  #serveWaiting(): void {
    for (const origin of this.#waitingForLookUp.keys()) {
      if (this.#young.size >= this.#maxYoung || this.shortage.isOn) return;
      if (!this.#hasLookUp(origin)) return;
      this.#waitingForLookUp.delete(origin);
      if (origin.missing <= 0) continue;
      this.#begin(origin, false);
      if (origin.missing > 0) this.#wanting.add(origin);
    }
  }

  /** Begins checks, which continue as long as connections are being made. */
  #watch(): void {
    this.#ticks ??= setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  #tick(now: number): void {
    for (const dial of this.#young) {
      if (now - dial.startMs < YOUNG_MS) break;
      this.#young.delete(dial);
    }
    for (const dial of this.#racing) {
      if (now - dial.triedAtMs < ATTEMPT_DELAY_MS) break;
      // Once room is made, no attempt may be left, and the next one is due all the same.
      const { next } = dial;
      if (next !== undefined && !this.#makeRoomFor(dial, next)) continue;
      this.#racing.delete(dial);
      if (next !== undefined) dial.race(now);
    }
    this.#askDirectly(now);
    this.connectMore();
    if (this.#originOf.size + this.#waitingForLookUp.size > 0) return;
    clearInterval(this.#ticks);
    this.#ticks = undefined;
  }

  /** Begins connections to hosts whose names the system had no room for, or that waited otherwise. */
  #askDirectly(now: number): void {
    // A query to the name server would need a permission of its own.
    if (this.#options.byName) return;
    for (const [origin, since] of this.#waitingForLookUp) {
      if (now - since < LOOKUP_PATIENCE_MS || !this.#lookUps.hasDirectRoom) return;
      if (this.#young.size >= this.#maxYoung || this.shortage.isOn) return;
      this.#waitingForLookUp.delete(origin);
      if (origin.missing <= 0) continue;
      this.#begin(origin, !this.#hasLookUp(origin));
      this.#wanting.add(origin);
    }
  }

  /** Makes room for a socket to one more address of a host, if possible. */
  #makeRoomFor(dial: Dial, { address }: Address): boolean {
    if (this.hasRoomForMore) return true;
    if (!this.#originOf.get(dial)!.reached.has(address)) return false;
    dial.closeFirst();
    return true;
  }

  open(dial: Dial, address: Address, target: Address): Link {
    const origin = this.#originOf.get(dial)!;
    this.#isMakingRoom = true;
    try {
      this.makeRoom();
    } finally {
      this.#isMakingRoom = false;
    }
    const destination = this.#toDestination(origin, address, target.address);
    const link = new Link(this.#options.transports, destination, this, dial.lookUpMs);
    this.#dialOf.set(link, dial);
    origin.open++;
    this.#racing.delete(dial);
    if (dial.hasMore) this.#racing.add(dial);
    return link;
  }

  #toDestination(
    { origin, protocols, isForwarded }: T,
    { address, family }: Address,
    targetAddress: string,
  ): Destination {
    const { tls, proxy, unixSocket } = this.#options;
    const { hostname, isSecure, detour } = origin;
    const { port } = detour ?? origin;
    const isTunnelled = proxy !== undefined && !isForwarded;
    return {
      socket: unixSocket === undefined
        ? { host: address, port: proxy?.port ?? port, family }
        : { path: unixSocket },
      proxyTls: this.#proxyTls,
      tunnel: isTunnelled ? openTunnel(proxy, { hostname: targetAddress, port }) : undefined,
      tls: isSecure ? { hostname, options: tls, protocols } : undefined,
      isProxied: proxy !== undefined,
    };
  }

  onAttemptFailure(dial: Dial, error: ConnectError, { address }: Address): void {
    const origin = this.#originOf.get(dial)!;
    this.#postpone(dial, findConnectShortage(error, origin.reached.has(address)));
  }

  /**
   * Ends a dial that failed because this machine has run out of something. Another one is begun for
   * its origin after a pause.
   *
   * @param shortage what has run out; undefined if nothing has
   * @returns whether something has
   */
  #postpone(dial: Dial, shortage: string | undefined): boolean {
    if (shortage === undefined) return false;
    dial.cancel();
    const origin = this.#end(dial);
    this.shortage.begin(shortage).then(() => this.connectMore());
    this.onShortage(origin);
    return true;
  }

  onDialed(dial: Dial, link: Link, address: Address, target: Address): void {
    const origin = this.#end(dial);
    this.shortage.end();
    origin.reached.add(address.address);
    // They may have been looked up again since.
    if (origin.known !== undefined) {
      putFirst(origin.known.addresses, address);
      putFirst(origin.known.targets, target);
    }
    this.onLink(origin, link, performance.now() - dial.startMs);
    this.connectMore();
  }

  onDialFailure(dial: Dial, error: ConnectError | undefined): void {
    const origin = this.#end(dial);
    if (origin.known !== undefined) this.#finder.doubt(origin.origin);
    origin.known = undefined;
    const { connectTimeoutMs } = this.#options;
    const failure = toConnectFailure(error, {
      connectTimeoutMs,
      hasAddress: dial.hasAddress,
      hostname: origin.origin.hostname,
      isProxied: this.isProxied,
      ipVersion: this.#options.ipVersion,
    });
    this.onNoLink(origin, failure);
    this.onRelease(origin);
    this.connectMore();
  }

  /** Removes a dial that is over. */
  #end(dial: Dial): T {
    const origin = this.#originOf.get(dial)!;
    this.#originOf.delete(dial);
    this.#young.delete(dial);
    this.#racing.delete(dial);
    this.#connects.remove(dial);
    origin.dials.delete(dial);
    if (origin.dials.size === 0) {
      origin.abandonLookUp?.abort();
      origin.lookUp = origin.abandonLookUp = undefined;
    }
    this.enlist(origin);
    return origin;
  }

  onOpen(link: Link): void {
    const dial = this.#dialOf.get(link)!;
    this.#dialOf.delete(link);
    dial.onOpen(link);
  }

  onFail(link: Link, error: ConnectError): void {
    const dial = this.#dialOf.get(link)!;
    const origin = this.#originOf.get(dial)!;
    this.#dialOf.delete(link);
    origin.open--;
    dial.onFailure(link, error);
    this.onRelease(origin);
  }

  /** Ends all connections that are being made. */
  close(): void {
    clearInterval(this.#ticks);
    this.#connects.close();
    this.shortage.close();
    for (const dial of this.#originOf.keys()) {
      dial.cancel();
      this.#end(dial);
    }
    this.#lookUps.close();
    // A look-up that cannot be cancelled may still come back.
    this.#waitingForLookUp.clear();
    this.#wanting.clear();
  }
}

/** Moves an address to the front, so that it is tried first. */
function putFirst(addresses: Address[], { address }: Address): void {
  const place = addresses.findIndex((it) => it.address === address);
  if (place > 0) addresses.unshift(...addresses.splice(place, 1));
}
