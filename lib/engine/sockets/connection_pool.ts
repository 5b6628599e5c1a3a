/**
 * The connections of an engine by origin: idle ones, and those being made.
 *
 * @module
 */
import type { Failure } from "../../result.ts";
import { Deadlines } from "../deadlines.ts";
import type { ProxyOptions, TlsOptions } from "../engine.ts";
import { Shortage } from "../shortage.ts";
import { findConnectShortage, toConnectFailure } from "./connect_failure.ts";
import { ConnectPriority } from "./connect_priority.ts";
import { Http1Connection } from "../http1/connection.ts";
import { RequestWriter } from "../http1/request.ts";
import type { Transports } from "../transport/transport.ts";
import type { Connection, ConnectionOwner } from "./connection.ts";
import { type Addresses, ATTEMPT_DELAY_MS, Dial, type DialOwner } from "./dial.ts";
import { type ConnectError, type Destination, Link, type LinkOwner } from "./link.ts";
import { type Address, knownAddresses, NameLookups, type NameService } from "./name_lookup.ts";
import type { Origin, Route } from "./router.ts";
import { openTunnel, usesAbsoluteForm } from "./tunnel.ts";

/** A request that waits for a connection. */
export interface Waiter {
  /** Whether it needs a connection that was not used before. */
  readonly isFreshOnly: boolean;
  /** A connection is being made for it from now on; so far it had to wait for its turn. */
  onTurn(): void;
  /** Called with an idle connection, which it has to use at once. */
  onConnection(connection: Connection): void;
  onConnectFailure(failure: Failure): void;
}

/** Options for a {@linkcode ConnectionPool}. */
export interface ConnectionPoolOptions {
  readonly transports: Transports;
  /** The maximum number of connections, used and idle; from 1. */
  readonly concurrency: number;
  /** The milliseconds that connecting may take, including look-up and TLS; more than 0. */
  readonly connectTimeoutMs: number;
  /**
   * Whether to connect by name and not by address. A permission for a name does not include its
   * addresses; by name, Deno looks them up for each connection.
   */
  readonly byName: boolean;
  readonly tls: TlsOptions;
  /** The proxy that every connection goes through; undefined without one. */
  readonly proxy: ProxyOptions | undefined;
  /** The path of the Unix socket that every connection goes to; undefined without one. */
  readonly unixSocket: string | undefined;
  /** Looks up the addresses of names. @default the system */
  readonly names?: NameService | undefined;
}

/** What ALPN offers. */
const PROTOCOLS = ["http/1.1"];

/** The key of the pool that all origins share whose requests a proxy gets itself. */
const FORWARDED_KEY = "proxy";

/**
 * The maximum number of connections at once that were begun just before: more of them starve each
 * other.
 */
const MAX_YOUNG = 64;
/**
 * After this time a connection counts as waiting for the network: a host that does not respond costs
 * this process nothing, and must not hold up other hosts.
 */
const YOUNG_MS = 100;
/** The maximum number of connections being made at once to one origin. */
const MAX_DIALS_PER_ORIGIN = 64;
/**
 * The maximum number of sockets beyond the concurrency, for the second and further addresses of
 * hosts.
 */
const MAX_EXTRA_SOCKETS = 8;
/** How long a host waits for a look-up by the system before the name server is asked directly. */
const LOOKUP_PATIENCE_MS = 300;
/** The interval of checks while connections are being made. */
const TICK_MS = 10;
/** How long a connection may be idle before it is closed. */
const IDLE_MS = 15_000;

/**
 * The connections of an origin, and the requests that wait for one. All origins whose requests a
 * proxy gets itself share a pool. A pool is dropped when it is empty.
 */
class OriginPool {
  readonly key: string;
  readonly origin: Origin;
  /**
   * Connections that no request waits for. Last in, first out: the warmest is used first, and those
   * at the bottom grow old.
   */
  readonly idle: Connection[] = [];
  /**
   * Connections that are ready for waiting requests, and are kept until requests may be sent. There
   * are never more than there are waiters that accept any connection.
   */
  readonly parked: Connection[] = [];
  /**
   * First in, first out; at most the concurrency. The first {@linkcode begun} had their turn: a
   * connection was begun for each. They keep their turn, and their time runs on, if the connection is
   * lost and another has to be made. The others wait for their turn:
   *
   * ```text
   * [ begun | begun | waits for its turn | waits for its turn ]
   * ```
   */
  readonly waiting: Waiter[] = [];
  begun = 0;
  /** How many waiters are {@linkcode Waiter.isFreshOnly}. */
  freshOnly = 0;
  /** Connections being made, the oldest first. */
  readonly dials = new Set<Dial>();
  open = 0;
  /** The addresses, once they are looked up; forgotten when every address has failed. */
  known: Addresses | undefined;
  lookUp: Promise<Addresses> | undefined;
  /** Cancels the look-up, if that is possible. */
  abandonLookUp: AbortController | undefined;
  /** Addresses that were reached before. */
  readonly reached = new Set<string>();

  constructor(key: string, origin: Origin) {
    this.key = key;
    this.origin = origin;
  }

  /**
   * How many more connections the waiters need; less than 0 if some are being made that no waiter
   * needs.
   */
  get missing(): number {
    return this.waiting.length - this.parked.length - this.dials.size;
  }

  /** How many waiters accept any connection. */
  get forAny(): number {
    return this.waiting.length - this.freshOnly;
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
    // A waiter beyond this limit waits for its own host, not for its turn.
    const isFull = this.dials.size >= MAX_DIALS_PER_ORIGIN;
    const { waiting } = this;
    while (this.begun < waiting.length && (isFull || this.begun < this.dials.size)) {
      waiting[this.begun++].onTurn();
    }
  }
}

/**
 * Lends connections to requests. Origins take turns at connecting, with one connection each.
 */
export class ConnectionPool implements ConnectionOwner, DialOwner, LinkOwner {
  readonly #options: ConnectionPoolOptions;
  readonly isProxied: boolean;
  readonly #pools = new Map<string, OriginPool>();
  readonly #writer: RequestWriter;
  /** The open connections. */
  readonly #poolOf = new Map<Connection, OriginPool>();
  /** The links that are not open yet. */
  readonly #dialOf = new Map<Link, Dial>();
  readonly #poolOfDial = new Map<Dial, OriginPool>();
  /** Dials younger than {@linkcode YOUNG_MS}, the oldest first; at most {@linkcode MAX_YOUNG}. */
  readonly #young = new Set<Dial>();
  /** Dials with more addresses to try, in the order of their last tries. */
  readonly #racing = new Set<Dial>();
  /** All dials, the oldest first. */
  readonly #connects: Deadlines;
  /** Idle connections of all origins, those that have been idle longest first. */
  readonly #idles = new Deadlines(IDLE_MS);
  /** Origins that connections have to be begun for, in turn. */
  readonly #waitingOrigins = new Set<OriginPool>();
  readonly #lookUps: NameLookups;
  /** Origins that wait for a look-up to begin, and since when. */
  readonly #waitingForLookUp = new Map<OriginPool, number>();
  #ticks: ReturnType<typeof setInterval> | undefined;
  /** How many connections were made so far. */
  #made = 0;
  /** How many connections of all origins have no request, including parked ones. */
  #idling = 0;
  readonly #connectPriority = new ConnectPriority(
    () => ({
      connecting: this.#poolOfDial.size,
      made: this.#made,
      busy: this.#poolOf.size - this.#idling,
    }),
    () => this.#serveAll(),
  );
  /** While it lasts, no connection is begun; open ones are used as before. */
  readonly shortage = new Shortage();

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#writer = new RequestWriter(options.proxy);
    this.isProxied = options.proxy !== undefined;
    this.#connects = new Deadlines(options.connectTimeoutMs);
    this.#lookUps = new NameLookups(() => this.#onLookUpRoom(), options.names);
  }

  /**
   * Finds or makes a connection for a waiter.
   *
   * @returns whether the waiter has to wait for its turn, and gets {@linkcode Waiter.onTurn}
   */
  acquire({ origin }: Route, waiter: Waiter): boolean {
    const pool = this.#poolFor(origin);
    const connection = waiter.isFreshOnly ? undefined : pool.idle.pop();
    if (connection !== undefined) {
      this.#idles.remove(connection);
      if (!this.#connectPriority.isOn) {
        this.#idling--;
        waiter.onConnection(connection);
        return false;
      }
      pool.parked.push(connection);
    }
    pool.waiting.push(waiter);
    if (waiter.isFreshOnly) pool.freshOnly++;
    this.#waitingOrigins.add(pool);
    this.#connectMore();
    pool.giveTurns();
    return pool.begun < pool.waiting.length;
  }

  #poolFor(origin: Origin): OriginPool {
    const key = this.#toKey(origin);
    let pool = this.#pools.get(key);
    if (pool === undefined) this.#pools.set(key, pool = new OriginPool(key, origin));
    return pool;
  }

  #toKey(origin: Origin): string {
    return usesAbsoluteForm(this.#options.proxy, origin) ? FORWARDED_KEY : origin.key;
  }

  /** Removes a waiter. A connection being made that no other waiter needs is ended. */
  forget({ origin }: Route, waiter: Waiter): void {
    const pool = this.#pools.get(this.#toKey(origin));
    const place = pool?.waiting.indexOf(waiter) ?? -1;
    if (pool === undefined || place < 0) return;
    this.#takeWaiter(pool, place);
    if (pool.missing < 0) {
      const [dial] = pool.dials;
      dial.cancel();
      this.#end(dial);
    }
    this.#drop(pool);
    this.#connectMore();
  }

  /** Begins connections for the waiters, one for each origin in turn. */
  #connectMore(): void {
    for (const pool of this.#waitingOrigins) {
      if (this.#young.size >= MAX_YOUNG || this.shortage.isOn) return;
      this.#waitingOrigins.delete(pool);
      if (pool.missing <= 0 || pool.dials.size >= MAX_DIALS_PER_ORIGIN) continue;
      if (!this.#hasLookUp(pool)) {
        if (!this.#waitingForLookUp.has(pool)) this.#waitingForLookUp.set(pool, performance.now());
        this.#watch();
        continue;
      }
      this.#begin(pool, false);
      if (pool.missing > 0) this.#waitingOrigins.add(pool);
    }
  }

  /** Whether the addresses of an origin are known, or can be looked up now. */
  #hasLookUp(pool: OriginPool): boolean {
    return pool.known !== undefined || pool.lookUp !== undefined ||
      this.#unknownNames(pool).every((name) => this.#lookUps.hasRoomFor(name));
  }

  /** The names that have to be looked up for an origin. */
  #unknownNames({ origin }: OriginPool): string[] {
    const { byName, proxy, unixSocket } = this.#options;
    const names = unixSocket !== undefined || byName ? [] : [proxy?.hostname ?? origin.hostname];
    // With this protocol, the client looks up the name.
    if (proxy?.protocol === "socks5") names.push(origin.hostname);
    return names.filter((name) => knownAddresses(name) === undefined);
  }

  /** @param isDirect whether to ask the name server itself, if names have to be looked up */
  #begin(pool: OriginPool, isDirect: boolean): void {
    const now = performance.now();
    const dial = new Dial(this, now);
    this.#poolOfDial.set(dial, pool);
    this.#young.add(dial);
    this.#connects.add(dial, now);
    pool.dials.add(dial);
    pool.giveTurns();
    this.#watch();
    this.#connectPriority.watch();
    if (pool.known !== undefined) return dial.begin(pool.known);
    pool.lookUp ??= this.#lookUp(pool, isDirect);
    pool.lookUp.then((known) => dial.begin(known), (error: ConnectError) => dial.fail(error));
  }

  /** @throws {ConnectError} If no address is found. */
  async #lookUp(pool: OriginPool, isDirect: boolean): Promise<Addresses> {
    const { byName, proxy, unixSocket } = this.#options;
    const { hostname } = pool.origin;
    const abandon = pool.abandonLookUp = new AbortController();
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
      return pool.known = { addresses, targets };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw { code, message, isOfProxy, isTls: false, refusal: undefined, wasReached: false };
    } finally {
      if (pool.abandonLookUp === abandon) pool.lookUp = pool.abandonLookUp = undefined;
    }
  }

  #onLookUpRoom(): void {
    for (const pool of this.#waitingForLookUp.keys()) {
      if (!this.#hasLookUp(pool)) return;
      this.#waitingForLookUp.delete(pool);
      this.#waitingOrigins.add(pool);
    }
    this.#connectMore();
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
      if (dial.next !== undefined && !this.#makeRoomFor(dial, dial.next)) continue;
      this.#racing.delete(dial);
      if (dial.next !== undefined) dial.race(now);
    }
    this.#askDirectly(now);
    this.#connectMore();
    if (this.#poolOfDial.size + this.#waitingForLookUp.size > 0) return;
    clearInterval(this.#ticks);
    this.#ticks = undefined;
  }

  /** Begins connections to hosts whose names the system had no room for. */
  #askDirectly(now: number): void {
    // A query to the name server would need a permission of its own.
    if (this.#options.byName) return;
    for (const [pool, since] of this.#waitingForLookUp) {
      if (now - since < LOOKUP_PATIENCE_MS || !this.#lookUps.hasDirectRoom) return;
      if (this.#young.size >= MAX_YOUNG || this.shortage.isOn) return;
      this.#waitingForLookUp.delete(pool);
      if (pool.missing <= 0) continue;
      this.#begin(pool, true);
      this.#waitingOrigins.add(pool);
    }
  }

  /** Makes room for a socket to one more address of a host, if possible. */
  #makeRoomFor(dial: Dial, { address }: Address): boolean {
    if (this.#sockets < this.#options.concurrency + MAX_EXTRA_SOCKETS) return true;
    if (!this.#poolOfDial.get(dial)!.reached.has(address)) return false;
    dial.closeFirst();
    return true;
  }

  /** How many sockets there are. */
  get #sockets(): number {
    return this.#poolOf.size + this.#dialOf.size;
  }

  open(dial: Dial, address: Address, target: Address): Link {
    const pool = this.#poolOfDial.get(dial)!;
    // Idle connections of other origins make room, so that many hosts need no more sockets than few.
    // Parked ones do not: together with those being made there are at most as many as requests.
    if (this.#sockets >= this.#options.concurrency) this.#idles.stopFirst();
    const destination = this.#toDestination(pool, address, target.address);
    const link = new Link(this.#options.transports, destination, this);
    this.#dialOf.set(link, dial);
    pool.open++;
    this.#racing.delete(dial);
    if (dial.hasMore) this.#racing.add(dial);
    return link;
  }

  #toDestination(
    { origin }: OriginPool,
    { address, family }: Address,
    targetAddress: string,
  ): Destination {
    const { tls, proxy, unixSocket } = this.#options;
    const { hostname, port, isSecure } = origin;
    const isTunnelled = proxy !== undefined && !usesAbsoluteForm(proxy, origin);
    return {
      socket: unixSocket === undefined
        ? { host: address, port: proxy?.port ?? port, family }
        : { path: unixSocket },
      proxyTls: proxy?.protocol === "https"
        // The certificate of the client is for the origin.
        ? {
          hostname: proxy.hostname,
          options: { ca: tls.ca, insecure: tls.insecure },
          protocols: PROTOCOLS,
        }
        : undefined,
      tunnel: isTunnelled ? openTunnel(proxy, { hostname: targetAddress, port }) : undefined,
      tls: isSecure ? { hostname, options: tls, protocols: PROTOCOLS } : undefined,
      isProxied: proxy !== undefined,
    };
  }

  onAttemptFailure(dial: Dial, error: ConnectError, { address }: Address): void {
    const pool = this.#poolOfDial.get(dial)!;
    const shortage = findConnectShortage(error, pool.reached.has(address));
    if (shortage === undefined) return;
    dial.cancel();
    this.#end(dial);
    this.shortage.begin(shortage).then(() => this.#connectMore());
    // Idle connections hold sockets that waiters need.
    this.#idles.cancel();
    this.#drop(pool);
  }

  onDialed(dial: Dial, link: Link, address: Address, target: Address): void {
    const pool = this.#end(dial);
    this.#made++;
    const connection = new Http1Connection(link, this, this.#writer);
    this.#poolOf.set(connection, pool);
    connection.openMs = performance.now() - dial.startMs;
    this.shortage.end();
    pool.reached.add(address.address);
    if (pool.known !== undefined) {
      putFirst(pool.known.addresses, address);
      putFirst(pool.known.targets, target);
    }
    this.#give(pool, connection);
    this.#connectMore();
  }

  onDialFailure(dial: Dial, error: ConnectError | undefined): void {
    const pool = this.#end(dial);
    pool.known = undefined;
    // A waiter that another connection exists or is being made for does not fail with this one.
    if (pool.missing > 0) {
      const { connectTimeoutMs } = this.#options;
      const failure = toConnectFailure(error, {
        connectTimeoutMs,
        hasAddress: dial.hasAddress,
        hostname: pool.origin.hostname,
        isProxied: this.isProxied,
      });
      const place = pool.waiting.findIndex(({ isFreshOnly }) => isFreshOnly);
      this.#takeWaiter(pool, Math.max(0, place)).onConnectFailure(failure);
    }
    this.#drop(pool);
    this.#connectMore();
  }

  /** Removes a dial that is over. */
  #end(dial: Dial): OriginPool {
    const pool = this.#poolOfDial.get(dial)!;
    this.#poolOfDial.delete(dial);
    this.#young.delete(dial);
    this.#racing.delete(dial);
    this.#connects.remove(dial);
    pool.dials.delete(dial);
    if (pool.dials.size === 0) {
      pool.abandonLookUp?.abort();
      pool.lookUp = pool.abandonLookUp = undefined;
    }
    if (pool.missing > 0) this.#waitingOrigins.add(pool);
    return pool;
  }

  onUnsent(connection: Connection): void {
    // It is closed like an idle one: after its time, or when room is needed.
    this.#idles.add(connection);
  }

  onRoom(connection: Connection): void {
    // It may have been among the idle ones as unsent.
    this.#idles.remove(connection);
    this.#give(this.#poolOf.get(connection)!, connection);
  }

  onOpen(link: Link): void {
    const dial = this.#dialOf.get(link)!;
    this.#dialOf.delete(link);
    dial.onOpen(link);
  }

  onFail(link: Link, error: ConnectError): void {
    const dial = this.#dialOf.get(link)!;
    const pool = this.#poolOfDial.get(dial)!;
    this.#dialOf.delete(link);
    pool.open--;
    dial.onFailure(link, error);
    this.#drop(pool);
  }

  onEnding(): void {}

  /** Gives a connection to a waiter, keeps it for one, or lets it idle. */
  #give(pool: OriginPool, connection: Connection): void {
    const isFresh = connection.uses === 0;
    const { waiting } = pool;
    const place = pool.freshOnly === 0
      ? (waiting.length === 0 ? -1 : 0)
      : waiting.findIndex(({ isFreshOnly }) => isFreshOnly === isFresh);
    if (place >= 0 && (waiting[place].isFreshOnly || !this.#connectPriority.isOn)) {
      return this.#takeWaiter(pool, place).onConnection(connection);
    }
    this.#idling++;
    if (pool.parked.length < pool.forAny) pool.parked.push(connection);
    else this.#letIdle(pool, connection);
  }

  #letIdle(pool: OriginPool, connection: Connection): void {
    pool.idle.push(connection);
    this.#idles.add(connection);
  }

  /** Removes a waiter. Parked connections that no other waiter needs become idle. */
  #takeWaiter(pool: OriginPool, place: number): Waiter {
    const waiter = pool.takeWaiter(place);
    while (pool.parked.length > pool.forAny) this.#letIdle(pool, pool.parked.pop()!);
    return waiter;
  }

  /** Gives parked connections to their waiters. */
  #serveAll(): void {
    for (const pool of this.#pools.values()) {
      while (pool.parked.length > 0) {
        const connection = pool.parked.pop()!;
        this.#idling--;
        const place = pool.waiting.findIndex(({ isFreshOnly }) => !isFreshOnly);
        this.#takeWaiter(pool, place).onConnection(connection);
      }
    }
  }

  onClose(connection: Connection): void {
    const pool = this.#poolOf.get(connection);
    if (pool === undefined) return;
    this.#poolOf.delete(connection);
    pool.open--;
    // An idle connection is among them.
    this.#idles.remove(connection);
    if (remove(pool.idle, connection)) {
      this.#idling--;
    } else if (remove(pool.parked, connection)) {
      this.#idling--;
      // A waiter needs another one in its place.
      if (pool.missing > 0) this.#waitingOrigins.add(pool);
      this.#connectMore();
    }
    this.#drop(pool);
  }

  #drop(pool: OriginPool): void {
    if (pool.open + pool.dials.size + pool.waiting.length > 0) return;
    this.#waitingForLookUp.delete(pool);
    this.#waitingOrigins.delete(pool);
    if (this.#pools.get(pool.key) === pool) this.#pools.delete(pool.key);
  }

  /** Closes all connections. */
  close(): void {
    clearInterval(this.#ticks);
    this.#idles.close();
    this.#connects.close();
    this.shortage.close();
    this.#connectPriority.close();
    for (const dial of this.#poolOfDial.keys()) {
      dial.cancel();
      this.#end(dial);
    }
    // A look-up that cannot be cancelled may still come back.
    this.#waitingForLookUp.clear();
    this.#waitingOrigins.clear();
    const connections = [...this.#poolOf.keys()];
    // No connection is made for the waiters any more.
    this.#poolOf.clear();
    for (const connection of connections) connection.close();
  }
}

/** Removes a connection from a list. @returns whether it was there */
function remove(connections: Connection[], connection: Connection): boolean {
  const place = connections.lastIndexOf(connection);
  if (place >= 0) connections.splice(place, 1);
  return place >= 0;
}

/** Moves an address to the front, so that it is tried first. */
function putFirst(addresses: Address[], address: Address): void {
  if (addresses[0] === address) return;
  addresses.splice(addresses.indexOf(address), 1);
  addresses.unshift(address);
}
