/**
 * The connections of an engine: those that idle, by origin, and those being made.
 *
 * @module
 */
import type { Failure } from "../../result.ts";
import { Deadlines } from "../deadlines.ts";
import type { ProxyOptions, TlsOptions } from "../engine.ts";
import { Shortage } from "../shortage.ts";
import { failureOfConnect, shortageOfConnect } from "./connect_failure.ts";
import { ConnectPriority } from "./connect_priority.ts";
import {
  type ConnectError,
  Connection,
  type ConnectionOwner,
  type Destination,
} from "./connection.ts";
import { type Addresses, ATTEMPT_DELAY_MS, Dial, type DialOwner } from "./dial.ts";
import { type Address, knownAddresses, NameLookups, type NameService } from "./name_lookup.ts";
import type { Origin, Route } from "./request.ts";
import { isForwarded, tunnelThrough } from "./tunnel.ts";

/** Someone who waits for a connection. */
export interface Waiter {
  /** Whether a connection that was used before will not do. */
  readonly isFreshOnly: boolean;
  /** A connection is being made for this one now; so far it had to wait for its turn. */
  onTurn(): void;
  /** Called with a connection that is idle, and the waiter's to use at once. */
  onConnection(connection: Connection): void;
  onConnectFailure(failure: Failure): void;
}

/** What connections are made by. */
export interface ConnectionPoolOptions {
  /** Most connections, used and idle; from 1. */
  readonly concurrency: number;
  /** Milliseconds for a connection to be made, its look-up and TLS included, more than 0. */
  readonly connectTimeoutMs: number;
  /**
   * Whether to connect by name, not by address: a permission for a name is none for its
   * addresses, but Deno then asks for them once a connection.
   */
  readonly byName: boolean;
  readonly tls: TlsOptions;
  /** What every connection goes through, if anything. */
  readonly proxy: ProxyOptions | undefined;
  /** The path of a Unix socket that every connection goes to, if any. */
  readonly unixSocket: string | undefined;
  /** Who knows the addresses of names. @default the system */
  readonly names?: NameService | undefined;
}

/** The key of the one site of all origins that a proxy is asked for. */
const FORWARDED = "proxy";

/** Most connections at once that were begun a short while ago: more of them starve each other. */
const MAX_YOUNG = 64;
/**
 * After so long a connection counts as one that waits for the network: a host that does not answer
 * costs this process nothing, and must not hold up the others.
 */
const YOUNG_MS = 100;
/** Most connections being made at once to one host. */
const MAX_PER_SITE = 64;
/** Most sockets above the concurrency, for the second and further addresses of hosts. */
const MAX_EXTRA_SOCKETS = 8;
/** How long a host waits for a look-up by the system before the name server is asked directly. */
const LOOKUP_PATIENCE_MS = 300;
/** How often it is looked whose time has come, while connections are being made. */
const TICK_MS = 10;
/** How long a connection idles before it is closed. */
const IDLE_MS = 15_000;

/**
 * An origin that has connections, or somebody who waits for one; or all origins that a proxy is
 * asked for. Dropped when it has neither.
 */
class OriginPool {
  readonly key: string;
  readonly origin: Origin;
  /**
   * Connections that nobody waits for. Last in, first out: the warmest is used first, and those at
   * the bottom grow old.
   */
  readonly idle: Connection[] = [];
  /**
   * Connections that are ready for those who wait, and are kept for them until requests may be
   * sent. Never more than there are waiters who take any connection.
   */
  readonly parked: Connection[] = [];
  /**
   * First in, first out; at most the run's concurrency. The first {@linkcode begun} have had their
   * turn: a connection was begun for each. They keep it, and their time runs on, if that connection
   * is lost and another has to be made. The others wait for their turn:
   *
   * ```text
   * [ begun | begun | waits for its turn | waits for its turn ]
   * ```
   */
  readonly waiting: Waiter[] = [];
  begun = 0;
  /** How many of those who wait are {@linkcode Waiter.isFreshOnly}. */
  freshOnly = 0;
  /** Connections being made, the longest first. */
  readonly dials = new Set<Dial>();
  open = 0;
  /** Known once the look-up is over, and forgotten when every address has failed. */
  known: Addresses | undefined;
  lookUp: Promise<Addresses> | undefined;
  /** Ends the look-up, if that is possible. */
  abandonLookUp: AbortController | undefined;
  /** Addresses that there was a connection to. */
  readonly reached = new Set<string>();

  constructor(key: string, origin: Origin) {
    this.key = key;
    this.origin = origin;
  }

  /**
   * How many connections are to be begun for those who wait; less than 0 if some are being made for
   * nobody.
   */
  get missing(): number {
    return this.waiting.length - this.parked.length - this.dials.size;
  }

  /** How many who wait take any connection. */
  get forAny(): number {
    return this.waiting.length - this.freshOnly;
  }

  /** Takes out one who waits. */
  take(place: number): Waiter {
    const [waiter] = place === 0 ? [this.waiting.shift()!] : this.waiting.splice(place, 1);
    if (place < this.begun) this.begun--;
    if (waiter.isFreshOnly) this.freshOnly--;
    this.giveTurns();
    return waiter;
  }

  /** Tells those that they are begun for whom a connection is being made by now. */
  giveTurns(): void {
    // What else they wait for is their own host's answer.
    const isFull = this.dials.size >= MAX_PER_SITE;
    const { waiting } = this;
    while (this.begun < waiting.length && (isFull || this.begun < this.dials.size)) {
      waiting[this.begun++].onTurn();
    }
  }
}

/**
 * Gives out connections, and takes them back. Hosts take turns at connecting, one connection each.
 */
export class ConnectionPool implements ConnectionOwner, DialOwner {
  readonly #options: ConnectionPoolOptions;
  readonly isProxied: boolean;
  readonly #sites = new Map<string, OriginPool>();
  readonly #siteOf = new Map<Connection, OriginPool>();
  /** Of connections that are not ready. */
  readonly #dialOf = new Map<Connection, Dial>();
  readonly #siteOfDial = new Map<Dial, OriginPool>();
  /** Dials of at most {@linkcode YOUNG_MS}, the longest first; at most {@linkcode MAX_YOUNG}. */
  readonly #young = new Set<Dial>();
  /** Dials that have more addresses to try, by when the last one was tried. */
  readonly #racing = new Set<Dial>();
  /** Dials, the longest first. */
  readonly #connects: Deadlines;
  /** Connections that nobody waits for, the longest first, of all origins. */
  readonly #idles = new Deadlines(IDLE_MS);
  /** Sites for which connections are to be begun, in turn. */
  readonly #hungry = new Set<OriginPool>();
  readonly #lookUps: NameLookups;
  /** Sites that wait for a look-up to begin, and since when. */
  readonly #nameless = new Map<OriginPool, number>();
  #ticks: ReturnType<typeof setInterval> | undefined;
  /** Connections that were made, ever. */
  #made = 0;
  /** Connections without a request, parked ones included, of all origins. */
  #idling = 0;
  readonly #rightOfWay = new ConnectPriority(
    () => ({
      connecting: this.#siteOfDial.size,
      made: this.#made,
      busy: this.#siteOf.size - this.#dialOf.size - this.#idling,
    }),
    () => this.#serveAll(),
  );
  /** While it lasts no connection is made; those that are there go on. */
  readonly shortage = new Shortage();

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.isProxied = options.proxy !== undefined;
    this.#connects = new Deadlines(options.connectTimeoutMs);
    this.#lookUps = new NameLookups(() => this.#onLookUpRoom(), options.names);
  }

  /**
   * Finds or makes a connection for somebody.
   *
   * @returns whether the waiter has to wait for its turn, which it is then told of
   */
  acquire({ origin }: Route, waiter: Waiter): boolean {
    const site = this.#siteFor(origin);
    const connection = waiter.isFreshOnly ? undefined : site.idle.pop();
    if (connection !== undefined) {
      this.#idles.remove(connection);
      if (!this.#rightOfWay.isOn) {
        this.#idling--;
        waiter.onConnection(connection);
        return false;
      }
      site.parked.push(connection);
    }
    site.waiting.push(waiter);
    if (waiter.isFreshOnly) site.freshOnly++;
    this.#hungry.add(site);
    this.#connectMore();
    site.giveTurns();
    return site.begun < site.waiting.length;
  }

  #siteFor(origin: Origin): OriginPool {
    const key = this.#keyOf(origin);
    let site = this.#sites.get(key);
    if (site === undefined) this.#sites.set(key, site = new OriginPool(key, origin));
    return site;
  }

  #keyOf(origin: Origin): string {
    return isForwarded(this.#options.proxy, origin) ? FORWARDED : origin.key;
  }

  /** Forgets somebody who waits; a connection that was being made for nobody else is ended. */
  forget({ origin }: Route, waiter: Waiter): void {
    const site = this.#sites.get(this.#keyOf(origin));
    const place = site?.waiting.indexOf(waiter) ?? -1;
    if (site === undefined || place < 0) return;
    this.#take(site, place);
    if (site.missing < 0) {
      const [dial] = site.dials;
      dial.cancel();
      this.#end(dial);
    }
    this.#drop(site);
    this.#connectMore();
  }

  /** Begins connections for those who wait, one for each site in turn. */
  #connectMore(): void {
    for (const site of this.#hungry) {
      if (this.#young.size >= MAX_YOUNG || this.shortage.isOn) return;
      this.#hungry.delete(site);
      if (site.missing <= 0 || site.dials.size >= MAX_PER_SITE) continue;
      if (!this.#hasLookUp(site)) {
        if (!this.#nameless.has(site)) this.#nameless.set(site, performance.now());
        this.#watch();
        continue;
      }
      this.#begin(site, false);
      if (site.missing > 0) this.#hungry.add(site);
    }
  }

  /** Whether the addresses of a site are known, or can be looked up now. */
  #hasLookUp(site: OriginPool): boolean {
    return site.known !== undefined || site.lookUp !== undefined ||
      this.#unknownNames(site).every((name) => this.#lookUps.hasRoomFor(name));
  }

  /** The names that have to be looked up for a site. */
  #unknownNames({ origin }: OriginPool): string[] {
    const { byName, proxy, unixSocket } = this.#options;
    const names = unixSocket !== undefined || byName ? [] : [proxy?.hostname ?? origin.hostname];
    // A proxy by this protocol leaves the look-up to us.
    if (proxy?.protocol === "socks5") names.push(origin.hostname);
    return names.filter((name) => knownAddresses(name) === undefined);
  }

  /** @param isDirect whether names are asked of the name server, if they have to be looked up */
  #begin(site: OriginPool, isDirect: boolean): void {
    const now = performance.now();
    const dial = new Dial(this, now);
    this.#siteOfDial.set(dial, site);
    this.#young.add(dial);
    this.#connects.add(dial, now);
    site.dials.add(dial);
    site.giveTurns();
    this.#watch();
    this.#rightOfWay.watch();
    if (site.known !== undefined) return dial.begin(site.known);
    site.lookUp ??= this.#lookUp(site, isDirect);
    site.lookUp.then((known) => dial.begin(known), (error: ConnectError) => dial.fail(error));
  }

  /** @throws {ConnectError} If no addresses are found. */
  async #lookUp(site: OriginPool, isDirect: boolean): Promise<Addresses> {
    const { byName, proxy, unixSocket } = this.#options;
    const { hostname } = site.origin;
    const abandon = site.abandonLookUp = new AbortController();
    const find = async (name: string): Promise<Address[]> =>
      knownAddresses(name) ??
        await (isDirect
          ? this.#lookUps.findDirectly(name, abandon.signal)
          : this.#lookUps.find(name));
    const name = proxy?.hostname ?? hostname;
    let isOfProxy = this.isProxied;
    try {
      const addresses = unixSocket !== undefined || byName
        ? [{ address: unixSocket ?? name, family: 0 }]
        : await find(name);
      isOfProxy = false;
      const targets = proxy?.protocol === "socks5"
        ? await find(hostname)
        : [{ address: hostname, family: 0 }];
      return site.known = { addresses, targets };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw { code, message, isOfProxy, isTls: false, refusal: undefined, wasReached: false };
    } finally {
      if (site.abandonLookUp === abandon) site.lookUp = site.abandonLookUp = undefined;
    }
  }

  #onLookUpRoom(): void {
    for (const site of this.#nameless.keys()) {
      if (!this.#hasLookUp(site)) return;
      this.#nameless.delete(site);
      this.#hungry.add(site);
    }
    this.#connectMore();
  }

  /** Looks after connections that are being made, as long as there are any. */
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
      if (dial.next !== undefined && !this.#makeRoomFor(dial, dial.next)) continue;
      this.#racing.delete(dial);
      if (dial.next !== undefined) dial.race(now);
    }
    this.#askDirectly(now);
    this.#connectMore();
    if (this.#siteOfDial.size + this.#nameless.size > 0) return;
    clearInterval(this.#ticks);
    this.#ticks = undefined;
  }

  /** Begins connections to hosts whose names the system had no time for. */
  #askDirectly(now: number): void {
    // The name server needs a permission of its own.
    if (this.#options.byName) return;
    for (const [site, since] of this.#nameless) {
      if (now - since < LOOKUP_PATIENCE_MS || !this.#lookUps.hasDirectRoom) return;
      if (this.#young.size >= MAX_YOUNG || this.shortage.isOn) return;
      this.#nameless.delete(site);
      if (site.missing <= 0) continue;
      this.#begin(site, true);
      this.#hungry.add(site);
    }
  }

  /** Sees to it that there is a socket for one more address of a host, if possible. */
  #makeRoomFor(dial: Dial, { address }: Address): boolean {
    if (this.#siteOf.size < this.#options.concurrency + MAX_EXTRA_SOCKETS) return true;
    if (!this.#siteOfDial.get(dial)!.reached.has(address)) return false;
    dial.closeFirst();
    return true;
  }

  open(dial: Dial, address: Address, target: Address): Connection {
    const site = this.#siteOfDial.get(dial)!;
    // Idle connections of other origins make room: so many hosts need no more sockets than few.
    // Parked ones do not: there are no more of them, and of those being made, than requests.
    if (this.#siteOf.size >= this.#options.concurrency) this.#idles.stopFirst();
    const destination = this.#destinationOf(site, address, target.address);
    const connection = new Connection(destination, this);
    this.#siteOf.set(connection, site);
    this.#dialOf.set(connection, dial);
    site.open++;
    this.#racing.delete(dial);
    if (dial.hasMore) this.#racing.add(dial);
    return connection;
  }

  #destinationOf({ origin }: OriginPool, { address, family }: Address, far: string): Destination {
    const { tls, proxy, unixSocket } = this.#options;
    const { hostname, port, isSecure } = origin;
    const isTunnelled = proxy !== undefined && !isForwarded(proxy, origin);
    return {
      socket: unixSocket === undefined
        ? { host: address, port: proxy?.port ?? port, family }
        : { path: unixSocket },
      proxyTls: proxy?.protocol === "https"
        // A certificate of the client's own is for the origin.
        ? { hostname: proxy.hostname, options: { ca: tls.ca, insecure: tls.insecure } }
        : undefined,
      tunnel: isTunnelled ? tunnelThrough(proxy, { hostname: far, port }) : undefined,
      tls: isSecure ? { hostname, options: tls } : undefined,
      isProxied: proxy !== undefined,
    };
  }

  onAttemptFailure(dial: Dial, error: ConnectError, { address }: Address): void {
    const site = this.#siteOfDial.get(dial)!;
    const shortage = shortageOfConnect(error, site.reached.has(address));
    if (shortage === undefined) return;
    dial.cancel();
    this.#end(dial);
    this.shortage.begin(shortage).then(() => this.#connectMore());
    // What idles holds sockets that others wait for.
    this.#idles.cancel();
    this.#drop(site);
  }

  onDialed(dial: Dial, connection: Connection, address: Address, target: Address): void {
    const site = this.#end(dial);
    this.#made++;
    connection.openMs = performance.now() - dial.startMs;
    this.shortage.end();
    site.reached.add(address.address);
    if (site.known !== undefined) {
      putFirst(site.known.addresses, address);
      putFirst(site.known.targets, target);
    }
    this.#give(site, connection);
    this.#connectMore();
  }

  onDialFailure(dial: Dial, error: ConnectError | undefined): void {
    const site = this.#end(dial);
    site.known = undefined;
    // One for whom there is another connection, or will be, does not fail with this one.
    if (site.missing > 0) {
      const { connectTimeoutMs } = this.#options;
      const failure = failureOfConnect(error, {
        connectTimeoutMs,
        hasAddress: dial.hasAddress,
        hostname: site.origin.hostname,
        isProxied: this.isProxied,
      });
      const place = site.waiting.findIndex(({ isFreshOnly }) => isFreshOnly);
      this.#take(site, Math.max(0, place)).onConnectFailure(failure);
    }
    this.#drop(site);
    this.#connectMore();
  }

  /** Counts a dial out. */
  #end(dial: Dial): OriginPool {
    const site = this.#siteOfDial.get(dial)!;
    this.#siteOfDial.delete(dial);
    this.#young.delete(dial);
    this.#racing.delete(dial);
    this.#connects.remove(dial);
    site.dials.delete(dial);
    if (site.dials.size === 0) {
      site.abandonLookUp?.abort();
      site.lookUp = site.abandonLookUp = undefined;
    }
    if (site.missing > 0) this.#hungry.add(site);
    return site;
  }

  onUnsent(connection: Connection): void {
    // It is closed as what idles is: for want of time, and first where room is needed.
    this.#idles.add(connection);
  }

  onIdle(connection: Connection): void {
    if (connection.uses > 0) {
      // It may have been unsent.
      this.#idles.remove(connection);
      return this.#give(this.#siteOf.get(connection)!, connection);
    }
    const dial = this.#dialOf.get(connection)!;
    this.#dialOf.delete(connection);
    dial.onOpen(connection);
  }

  /** Gives a connection to one who waits for it, keeps it for one, or lets it idle. */
  #give(site: OriginPool, connection: Connection): void {
    const isFresh = connection.uses === 0;
    const { waiting } = site;
    const place = site.freshOnly === 0
      ? (waiting.length === 0 ? -1 : 0)
      : waiting.findIndex(({ isFreshOnly }) => isFreshOnly === isFresh);
    if (place >= 0 && (waiting[place].isFreshOnly || !this.#rightOfWay.isOn)) {
      return this.#take(site, place).onConnection(connection);
    }
    this.#idling++;
    if (site.parked.length < site.forAny) site.parked.push(connection);
    else this.#letIdle(site, connection);
  }

  #letIdle(site: OriginPool, connection: Connection): void {
    site.idle.push(connection);
    this.#idles.add(connection);
  }

  /** Takes out one who waits; a connection that was parked for nobody else idles from now on. */
  #take(site: OriginPool, place: number): Waiter {
    const waiter = site.take(place);
    while (site.parked.length > site.forAny) this.#letIdle(site, site.parked.pop()!);
    return waiter;
  }

  /** Gives parked connections to those who wait for them. */
  #serveAll(): void {
    for (const site of this.#sites.values()) {
      while (site.parked.length > 0) {
        const connection = site.parked.pop()!;
        this.#idling--;
        const place = site.waiting.findIndex(({ isFreshOnly }) => !isFreshOnly);
        this.#take(site, place).onConnection(connection);
      }
    }
  }

  onClose(connection: Connection, connectError: ConnectError | undefined): void {
    const site = this.#siteOf.get(connection);
    if (site === undefined) return;
    this.#siteOf.delete(connection);
    site.open--;
    const dial = this.#dialOf.get(connection);
    if (dial !== undefined) {
      this.#dialOf.delete(connection);
      dial.onFailure(connection, connectError!);
    }
    // It is in there, if it idles.
    this.#idles.remove(connection);
    if (remove(site.idle, connection)) {
      this.#idling--;
    } else if (remove(site.parked, connection)) {
      this.#idling--;
      // Somebody waits for it, and needs another.
      if (site.missing > 0) this.#hungry.add(site);
      this.#connectMore();
    }
    this.#drop(site);
  }

  #drop(site: OriginPool): void {
    if (site.open + site.dials.size + site.waiting.length > 0) return;
    this.#nameless.delete(site);
    this.#hungry.delete(site);
    if (this.#sites.get(site.key) === site) this.#sites.delete(site.key);
  }

  /** Closes all that is open. */
  close(): void {
    clearInterval(this.#ticks);
    this.#idles.close();
    this.#connects.close();
    this.shortage.close();
    this.#rightOfWay.close();
    for (const dial of this.#siteOfDial.keys()) {
      dial.cancel();
      this.#end(dial);
    }
    // A look-up that nothing can end may still come back.
    this.#nameless.clear();
    this.#hungry.clear();
    const connections = [...this.#siteOf.keys()];
    // None is made again for those who wait.
    this.#siteOf.clear();
    for (const connection of connections) connection.destroy();
  }
}

/** @returns whether it was there */
function remove(connections: Connection[], connection: Connection): boolean {
  const place = connections.lastIndexOf(connection);
  if (place >= 0) connections.splice(place, 1);
  return place >= 0;
}

/** Moves an address to where it is tried first. */
function putFirst(addresses: Address[], address: Address): void {
  if (addresses[0] === address) return;
  addresses.splice(addresses.indexOf(address), 1);
  addresses.unshift(address);
}
