/**
 * The connections of an engine by origin, and which request gets which.
 *
 * @module
 */
import type { Failure } from "../../result.ts";
import { Deadlines } from "../deadlines.ts";
import { toProtocolFailure } from "../failure.ts";
import { NO_COMMON_PROTOCOL } from "../tls_failure.ts";
import type { BodyReader } from "../http1/body.ts";
import { Http1Connection } from "../http1/connection.ts";
import { RequestWriter } from "../http1/request.ts";
import { Http2Connection } from "../http2/connection.ts";
import { ConnectPriority } from "./connect_priority.ts";
import type { Connection, ConnectionOwner } from "./connection.ts";
import { Dialer, type DialerOptions } from "./dialer.ts";
import type { Link } from "./link.ts";
import { OriginPool, type Waiter } from "./origin_pool.ts";
import type { Origin, Route } from "./router.ts";
import { MAX_SHARED_HEAD_BYTES, SharedConnections } from "./shared_connections.ts";
import { usesAbsoluteForm } from "./tunnel.ts";

/** The versions of HTTP that an engine may speak; `auto` takes what the server takes over TLS. */
export type Versions = "auto" | "http1" | "http2";

/** Options for a {@linkcode ConnectionPool}. */
export interface ConnectionPoolOptions extends DialerOptions {
  readonly versions: Versions;
  /** The maximum number of connections, used and idle; from 1. */
  readonly concurrency: number;
  /**
   * The maximum number of connections to an origin with HTTP/2, from 1.
   *
   * @default enough for the concurrency
   */
  readonly connections?: number | undefined;
  /** Makes what reads the bodies of a connection with HTTP/1.1. @default only what finds their ends */
  readonly createBodyReader?: (() => BodyReader) | undefined;
  /**
   * The maximum number of requests in flight on each of them, from 1.
   *
   * @default as many as the server allows
   */
  readonly streams?: number | undefined;
  /** Whether each request has a connection of its own, which is closed then. @default {false} */
  readonly disableKeepAlive?: boolean | undefined;
}

/** What ALPN offers, the preferred protocol first (RFC 7301). */
const HTTP1_ONLY = ["http/1.1"];
// A server that takes no offer at all ends the handshake, and does not tell why.
const HTTP2_FIRST = ["h2", "http/1.1"];

/** How to mend that a server does not speak the version that is asked for. */
const LEAVE_HTTP1_OUT = "leave --http1.1 or --engine http1 out";
const LEAVE_HTTP2_OUT = "leave --http2 or --engine http2 out";

/** The key of the pool that all origins share whose requests a proxy gets itself. */
const FORWARDED_KEY = "proxy";
/** The end of the key of a pool for requests that must not share a connection. */
const ALONE = " alone";

/**
 * The maximum number of sockets beyond the concurrency, for the second and further addresses of
 * hosts.
 */
const MAX_EXTRA_SOCKETS = 8;
/** How long a connection may be idle before it is closed. */
const IDLE_MS = 15_000;

/**
 * Lends connections to requests. An origin whose server speaks HTTP/1.1 has a connection for each
 * request. With HTTP/2, requests share connections, except those that must not, which have a pool of
 * their own. All origins whose requests a proxy gets itself share a pool.
 */
export class ConnectionPool extends Dialer<OriginPool> implements ConnectionOwner {
  readonly #options: ConnectionPoolOptions;
  readonly #maxStreams: number;
  readonly #pools = new Map<string, OriginPool>();
  readonly #writer: RequestWriter;
  /** The open connections. */
  readonly #poolOf = new Map<Connection, OriginPool>();
  /** Idle connections of all origins, those that have been idle longest first. */
  readonly #idles = new Deadlines(IDLE_MS);
  /** How many connections were made so far. */
  #made = 0;
  /** How many connections of all origins have no request, including parked ones. */
  #idling = 0;
  #isStopped = false;
  readonly #connectPriority = new ConnectPriority(
    () => ({
      connecting: this.dialing,
      made: this.#made,
      busy: this.#poolOf.size - this.#idling,
    }),
    () => this.#serveAll(),
  );

  constructor(options: ConnectionPoolOptions) {
    super(options);
    this.#options = options;
    this.#writer = new RequestWriter(options.proxy, options.disableKeepAlive);
    const { concurrency, connections, streams = Infinity } = options;
    // So that all of them are used, and evenly.
    const share = connections === undefined ? Infinity : Math.ceil(concurrency / connections);
    this.#maxStreams = Math.min(streams, share);
  }

  /**
   * Finds or makes a connection for a waiter.
   *
   * @returns whether the waiter has to wait for its turn, and gets {@linkcode Waiter.onTurn}
   */
  acquire({ origin }: Route, waiter: Waiter): boolean {
    return this.#acquireFrom(this.#poolFor(origin, waiter), waiter);
  }

  #acquireFrom(pool: OriginPool, waiter: Waiter): boolean {
    const connection = pool.shared?.find();
    if (connection !== undefined && !this.#connectPriority.isOn) {
      this.#share(pool, connection, waiter);
      return false;
    }
    const own = waiter.isFreshOnly ? undefined : pool.idle.pop();
    if (own !== undefined) {
      this.#idles.remove(own);
      if (!this.#connectPriority.isOn) {
        this.#idling--;
        waiter.onConnection(own);
        return false;
      }
      pool.parked.push(own);
    }
    pool.addWaiter(waiter);
    this.#connectFor(pool);
    pool.giveTurns();
    return pool.begun < pool.waiting.length;
  }

  #poolFor(origin: Origin, waiter: Waiter): OriginPool {
    const key = this.#toKey(origin);
    const pool = this.#pools.get(key);
    if (pool !== undefined && !waiter.isAlone && !isTooLarge(pool, waiter)) return pool;
    return pool === undefined && !waiter.isAlone
      ? this.#open(key, origin, true)
      : this.#aloneFor(key, origin);
  }

  /** The pool for requests to an origin that must not share a connection. */
  #aloneFor(key: string, origin: Origin): OriginPool {
    return this.#pools.get(key + ALONE) ?? this.#open(key + ALONE, origin, false);
  }

  #open(key: string, origin: Origin, mayShare: boolean): OriginPool {
    const { versions, concurrency, connections = concurrency, disableKeepAlive } = this.#options;
    const mayBeHttp2 = versions === "http2" || versions === "auto" && origin.isSecure;
    const pool = new OriginPool(key, origin, {
      protocols: versions === "http1" ? HTTP1_ONLY : HTTP2_FIRST,
      isForwarded: key === FORWARDED_KEY,
      shared: mayShare && mayBeHttp2 && !disableKeepAlive ? new SharedConnections() : undefined,
      maxShared: Math.min(connections, concurrency),
    });
    this.#pools.set(key, pool);
    return pool;
  }

  #toKey(origin: Origin): string {
    const { versions, proxy } = this.#options;
    // With prior knowledge, HTTP/2 goes through a tunnel.
    const isForwarded = versions !== "http2" && usesAbsoluteForm(proxy, origin);
    return isForwarded ? FORWARDED_KEY : origin.key;
  }

  /** Removes a waiter. A connection being made that no other waiter needs is ended. */
  forget({ origin }: Route, waiter: Waiter): void {
    const key = this.#toKey(origin);
    for (const pool of [this.#pools.get(key), this.#pools.get(key + ALONE)]) {
      const place = pool?.waiting.indexOf(waiter) ?? -1;
      if (pool === undefined || place < 0) continue;
      this.#takeWaiter(pool, place);
      if (pool.missing < 0 && pool.dials.size > 0) this.endDial(pool);
      this.#drop(pool);
      return this.connectMore();
    }
  }

  /** A server has taken the fields of a request over HTTP/2. */
  trustHead({ origin }: Route, { headBytes }: Waiter): void {
    if (headBytes <= MAX_SHARED_HEAD_BYTES) return;
    this.#pools.get(this.#toKey(origin))?.shared?.trustHead(headBytes);
  }

  /**
   * Closes the connections to an origin that have been idle since before a time. Where one of them gave
   * no answer, the network may have forgotten all that idled as long, as routers that translate
   * addresses do without a word.
   *
   * @param ms a time of `performance.now()`
   */
  closeIdleSince({ origin }: Route, ms: number): void {
    const pool = this.#pools.get(this.#toKey(origin));
    if (pool === undefined) return;
    for (const connection of [...pool.idle, ...pool.shared?.idle ?? []]) {
      if (connection.deadline - IDLE_MS < ms) connection.close();
    }
  }

  protected override onDial(): void {
    if (this.#options.transports.isStarvedByLoad) this.#connectPriority.watch();
  }

  /** How many sockets there are. */
  get #sockets(): number {
    return this.#poolOf.size + this.linking;
  }

  protected override makeRoom(): void {
    // Idle connections of other origins make room, so that many hosts need no more sockets than few.
    // Parked ones do not: together with those being made there are at most as many as requests.
    if (this.#sockets >= this.#options.concurrency) this.#idles.stopFirst();
  }

  protected override get hasRoomForMore(): boolean {
    return this.#sockets < this.#options.concurrency + MAX_EXTRA_SOCKETS;
  }

  protected override onShortage(pool: OriginPool): void {
    // Idle connections hold sockets that waiters need.
    this.#idles.cancel();
    this.#drop(pool);
  }

  protected override onLink(pool: OriginPool, link: Link, openMs: number): void {
    this.#made++;
    const { versions } = this.#options;
    const isHttp2 = link.protocol === "h2" || versions === "http2" && !pool.origin.isSecure;
    if (versions === "http2" && !isHttp2) {
      link.close();
      pool.open--;
      this.onNoLink(
        pool,
        toProtocolFailure(`the server does not agree to HTTP/2: ${LEAVE_HTTP2_OUT}`),
      );
      return this.#drop(pool);
    }
    const connection = isHttp2 ? this.#openHttp2(pool, link) : new Http1Connection(
      link,
      this,
      this.#options.transports,
      this.#writer,
      this.#explainSilence(pool, link),
      this.#options.createBodyReader?.(),
    );
    this.#poolOf.set(connection, pool);
    connection.openMs = openMs;
    if (pool.spare > 0) pool.spare--;
    const { shared } = pool;
    if (shared === undefined) return this.#give(pool, connection);
    if (isHttp2) {
      pool.perDial = shared.perConnection;
      shared.add(connection);
      this.#shareWithAll(pool, connection);
      // Those that were begun when nobody knew that requests can share.
      while (pool.missing < 0 && pool.dials.size > 0) this.endDial(pool);
      pool.giveTurns();
    } else {
      pool.perDial = 1;
      this.#give(pool, connection);
    }
    this.enlist(pool);
  }

  /** Why a server may close a connection without a response; undefined if nothing is known. */
  #explainSilence({ origin }: OriginPool, { protocol }: Link): string | undefined {
    // Some servers of HTTP/2 alone end the connection only after the handshake, as nghttpd does.
    return this.#options.versions === "http1" && origin.isSecure && protocol === undefined
      ? `if it speaks HTTP/2 alone, ${LEAVE_HTTP1_OUT}`
      : undefined;
  }

  #openHttp2(pool: OriginPool, link: Link): Connection {
    const { transports, proxy, disableKeepAlive } = this.#options;
    return new Http2Connection(link, this, transports, {
      maxStreams: this.#maxStreams,
      maxRequests: disableKeepAlive ? 1 : pool.shared?.maxRequests,
      isProxied: proxy !== undefined,
    });
  }

  protected override onNoLink(pool: OriginPool, reason: Failure): void {
    const isHttp1Refused = this.#options.versions === "http1" &&
      reason.detail === NO_COMMON_PROTOCOL;
    const failure = isHttp1Refused
      ? { ...reason, detail: `the server does not agree to HTTP/1.1: ${LEAVE_HTTP1_OUT}` }
      : reason;
    pool.spare = 0;
    // A server may take no more connections, and still serve the open ones.
    if (pool.doWithout()) return pool.giveTurns();
    // The next ones are made for one waiter each, so that each has its own failure.
    if (pool.shared !== undefined) pool.perDial = 1;
    // A waiter that another connection exists or is being made for does not fail with this one.
    if (pool.missing > 0) {
      const place = pool.waiting.findIndex(({ isFreshOnly }) => isFreshOnly);
      this.#takeWaiter(pool, Math.max(0, place)).onConnectFailure(failure);
    }
    this.enlist(pool);
  }

  protected override onRelease(pool: OriginPool): void {
    this.#drop(pool);
  }

  onUnsent(connection: Connection): void {
    // It is closed like an idle one: after its time, or when room is needed.
    this.#idles.add(connection);
  }

  onRoom(connection: Connection): void {
    const pool = this.#poolOf.get(connection);
    if (pool === undefined) return;
    const { shared } = pool;
    if (shared !== undefined && connection.version === "2") {
      shared.onRoom(connection);
      this.#shareWithAll(pool, connection);
      if (shared.learnLimit(connection)) this.#onLimit(pool, shared);
    } else if (connection.busy === 0 && !isKept(pool, connection)) {
      // It may have been among the idle ones as unsent.
      this.#idles.remove(connection);
      this.#give(pool, connection);
    }
  }

  /** The server has said how many streams it allows. */
  #onLimit(pool: OriginPool, shared: SharedConnections): void {
    pool.perDial = shared.perConnection;
    this.#connectFor(pool);
  }

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

  /** Whether requests must not be sent at present. */
  get #mustWait(): boolean {
    return this.#connectPriority.isOn || this.#isStopped;
  }

  /** Gives the room of a connection to waiters, or lets it idle. */
  #shareWithAll(pool: OriginPool, connection: Connection): void {
    const { waiting } = pool;
    const shared = pool.shared!;
    while (waiting.length > 0 && shared.roomOn(connection) > 0 && !this.#mustWait) {
      const waiter = this.#takeWaiter(pool, 0);
      if (isTooLarge(pool, waiter)) {
        this.#acquireFrom(this.#aloneFor(pool.key, pool.origin), waiter);
      } else {
        this.#share(pool, connection, waiter);
      }
    }
    const { idle } = shared;
    if (connection.busy > 0 || !this.#poolOf.has(connection) || idle.has(connection)) return;
    idle.add(connection);
    this.#idling++;
    this.#idles.add(connection);
  }

  /** Gives room of a connection to a waiter. */
  #share(pool: OriginPool, connection: Connection, waiter: Waiter): void {
    const shared = pool.shared!;
    this.#wake(shared, connection);
    waiter.onConnection(connection);
    if (connection.uses === shared.renewAt) this.#renew(pool, shared, connection);
  }

  /** A shared connection is not idle any more. */
  #wake(shared: SharedConnections, connection: Connection): void {
    if (!shared.idle.delete(connection)) return;
    this.#idling--;
    this.#idles.remove(connection);
  }

  /** Makes a connection in place of one that ends, or will end soon, before it is missed. */
  #renew(pool: OriginPool, shared: SharedConnections, ending: Connection): void {
    if (!shared.isMissed(ending) || pool.spare > shared.size) return;
    pool.spare++;
    this.#connectFor(pool);
  }

  /** Removes a waiter. Parked connections that no other waiter needs become idle. */
  #takeWaiter(pool: OriginPool, place: number): Waiter {
    const waiter = pool.takeWaiter(place);
    while (pool.parked.length > pool.forAny) this.#letIdle(pool, pool.parked.pop()!);
    return waiter;
  }

  /** Gives the connections that had to wait to their waiters. */
  #serveAll(): void {
    for (const pool of this.#pools.values()) {
      while (pool.parked.length > 0) {
        const connection = pool.parked.pop()!;
        this.#idling--;
        const place = pool.waiting.findIndex(({ isFreshOnly }) => !isFreshOnly);
        this.#takeWaiter(pool, place).onConnection(connection);
      }
      if (pool.shared === undefined || pool.waiting.length === 0) continue;
      for (const connection of pool.shared) this.#shareWithAll(pool, connection);
    }
  }

  onEnding(connection: Connection, isSilent: boolean): void {
    const pool = this.#poolOf.get(connection);
    if (pool === undefined) return;
    this.#leave(pool, connection, isSilent);
    this.#connectFor(pool);
  }

  /** Takes a connection out of those that requests get. @param isSilent as for `onEnding` */
  #leave(pool: OriginPool, connection: Connection, isSilent = false): void {
    const { shared } = pool;
    this.#idles.remove(connection);
    if (shared?.delete(connection)) {
      this.#wake(shared, connection);
      if (connection.endedAfter !== undefined) shared.learnEnd(connection);
      // Until a request needs it, a connection in its place could be forgotten by the network as well.
      if (!isSilent) this.#renew(pool, shared, connection);
      if (connection.uses === 0 && pool.waiting.length > 0) {
        pool.pause(() => this.#connectFor(pool));
      }
    } else if (remove(pool.idle, connection) || remove(pool.parked, connection)) {
      this.#idling--;
    }
  }

  /** Begins the connections that an origin needs, in its turn. */
  #connectFor(pool: OriginPool): void {
    this.enlist(pool);
    this.connectMore();
  }

  onClose(connection: Connection): void {
    const pool = this.#poolOf.get(connection);
    if (pool === undefined) return;
    this.#poolOf.delete(connection);
    pool.open--;
    this.#leave(pool, connection);
    if (connection.version === "2") pool.shared?.learnEnd(connection);
    this.#connectFor(pool);
    this.#drop(pool);
  }

  #drop(pool: OriginPool): void {
    if (pool.open + pool.dials.size + pool.waiting.length > 0) return;
    this.dismiss(pool);
    pool.close();
    if (this.#pools.get(pool.key) === pool) this.#pools.delete(pool.key);
  }

  /** Sends no more of the requests that wait. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Closes all connections. */
  override close(): void {
    this.#idles.close();
    this.#connectPriority.close();
    super.close();
    for (const pool of this.#pools.values()) pool.close();
    const connections = [...this.#poolOf.keys()];
    // No connection is made for the waiters any more.
    this.#poolOf.clear();
    for (const connection of connections) connection.close();
  }
}

/** Whether a server could end a shared connection because of the size of a request's fields. */
function isTooLarge({ shared }: OriginPool, waiter: Waiter): boolean {
  return shared !== undefined && shared.size > 0 && waiter.headBytes > shared.maxHeadBytes;
}

/** Whether a connection with HTTP/2, which may have room before it had a request, is kept already. */
function isKept({ idle, parked }: OriginPool, connection: Connection): boolean {
  return connection.version === "2" && (idle.includes(connection) || parked.includes(connection));
}

/** Removes a connection from a list. @returns whether it was there */
function remove(connections: Connection[], connection: Connection): boolean {
  const place = connections.lastIndexOf(connection);
  if (place >= 0) connections.splice(place, 1);
  return place >= 0;
}
