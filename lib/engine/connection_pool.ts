/**
 * The connections of an engine: those that idle, by origin, and those being made.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { ErrorKind, ProxyOptions, TlsOptions } from "../types.ts";
import {
  type ConnectError,
  Connection,
  type ConnectionOwner,
  type Destination,
} from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { type Failure, failureOfConnectTimeout } from "./failure.ts";
import type { Origin, Route } from "./request.ts";
import { RightOfWay } from "./right_of_way.ts";
import { Shortage } from "./shortage.ts";
import { isForwarded, tunnelThrough } from "./tunnel.ts";

/** Someone who waits for a connection. */
export interface Waiter {
  /** Called with a connection that is idle, and the waiter's to use at once. */
  onConnection(connection: Connection): void;
  onConnectFailure(failure: Failure): void;
}

/** What connections are made by. */
export interface ConnectionPoolOptions {
  /** Most connections, used and idle; from 1. */
  readonly concurrency: number;
  /** Milliseconds for a connection to be made, its TLS included, more than 0. */
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
}

/** The key of the one site of all origins that a proxy is asked for. */
const FORWARDED = "proxy";

/** Most connections being made at once: more of them starve each other. */
const MAX_CONNECTING = 64;
/** How long a connection idles before it is closed. */
const IDLE_MS = 15_000;

interface Address {
  readonly address: string;
  readonly family: number;
}

/**
 * An origin that has connections, or somebody who waits for one; or all origins that a proxy is
 * asked for. Dropped when it has neither.
 */
class Site {
  readonly key: string;
  readonly origin: Origin;
  /** Last in, first out: the warmest is used first, and those at the bottom grow old. */
  readonly idle: Connection[] = [];
  /** First in, first out; both together at most the run's concurrency. */
  readonly waiting: Waiter[] = [];
  /** Those that take none but a connection that was not used before. */
  readonly waitingForFresh: Waiter[] = [];
  connecting = 0;
  open = 0;
  /** Asked once; undefined before, and after every address has failed. */
  addresses: Promise<Address[]> | undefined;
  /** Addresses that there was a connection to. */
  readonly reached = new Set<string>();

  constructor(key: string, origin: Origin) {
    this.key = key;
    this.origin = origin;
  }

  /** How many connections are to be made for those who wait, besides those that are or will be. */
  get missing(): number {
    const forAny = Math.max(0, this.waiting.length - this.idle.length);
    return forAny + this.waitingForFresh.length - this.connecting;
  }
}

/** Gives out connections, and takes them back. */
export class ConnectionPool implements ConnectionOwner {
  readonly #options: ConnectionPoolOptions;
  readonly #sites = new Map<string, Site>();
  readonly #siteOf = new Map<Connection, Site>();
  /** Who is told of what an address did when it was connected to. */
  readonly #attempts = new Map<Connection, (error: ConnectError | undefined) => void>();
  /** Those that are being made, the longest first. */
  readonly #connects: Deadlines;
  /** Those that idle, the longest first, of all origins. */
  readonly #idles = new Deadlines(IDLE_MS);
  /** Origins that have somebody waiting for whom a connection is to be made. */
  readonly #hungry = new Set<Site>();
  #connecting = 0;
  /** Connections that were made, ever. */
  #made = 0;
  /** Connections that idle, of all origins. */
  #idling = 0;
  readonly #rightOfWay = new RightOfWay(
    () => ({
      connecting: this.#connecting,
      made: this.#made,
      busy: this.#siteOf.size - this.#connecting - this.#idling,
    }),
    () => this.#serveAll(),
  );
  /** While it lasts no connection is made; those that are there go on. */
  readonly shortage = new Shortage();

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#connects = new Deadlines(options.connectTimeoutMs);
  }

  /** Finds or makes a connection for somebody. */
  acquire({ origin }: Route, waiter: Waiter): void {
    const site = this.#siteFor(origin);
    const connection = this.#rightOfWay.isOn ? undefined : site.idle.pop();
    if (connection !== undefined) {
      this.#idles.remove(connection);
      this.#idling--;
      return waiter.onConnection(connection);
    }
    site.waiting.push(waiter);
    this.#hungry.add(site);
    this.#connectMore();
  }

  /** Makes a connection for somebody. */
  acquireFresh({ origin }: Route, waiter: Waiter): void {
    const site = this.#siteFor(origin);
    site.waitingForFresh.push(waiter);
    this.#hungry.add(site);
    this.#connectMore();
  }

  #siteFor(origin: Origin): Site {
    const key = this.#keyOf(origin);
    let site = this.#sites.get(key);
    if (site === undefined) this.#sites.set(key, site = new Site(key, origin));
    return site;
  }

  #keyOf(origin: Origin): string {
    return isForwarded(this.#options.proxy, origin) ? FORWARDED : origin.key;
  }

  /** Forgets somebody who waits. */
  forget({ origin }: Route, waiter: Waiter): void {
    const site = this.#sites.get(this.#keyOf(origin));
    for (const waiting of [site?.waiting, site?.waitingForFresh]) {
      const place = waiting?.indexOf(waiter) ?? -1;
      if (place >= 0) waiting!.splice(place, 1);
    }
  }

  #connectMore(): void {
    for (const site of this.#hungry) {
      while (site.missing > 0) {
        if (this.#connecting >= MAX_CONNECTING || this.shortage.isOn) return;
        site.connecting++;
        this.#connecting++;
        this.#rightOfWay.watch();
        this.#connect(site).then((failure) => {
          site.connecting--;
          this.#connecting--;
          if (failure !== undefined) {
            (site.waitingForFresh.shift() ?? site.waiting.shift())?.onConnectFailure(failure);
          }
          // Several may have ended before any of them was counted out.
          if (site.missing > 0) this.#hungry.add(site);
          this.#drop(site);
          this.#connectMore();
        });
      }
      this.#hungry.delete(site);
    }
  }

  /**
   * Makes a connection; tries each address in turn, first the one that answered last.
   *
   * @returns why there is none; undefined too where whoever waits has to wait on
   */
  async #connect(site: Site): Promise<Failure | undefined> {
    const { proxy, unixSocket } = this.#options;
    let addresses;
    let far = site.origin.hostname;
    let isOfProxy = proxy !== undefined;
    try {
      addresses = unixSocket === undefined
        ? await (site.addresses ??= this.#addressesOf(proxy?.hostname ?? far))
        : [{ address: unixSocket, family: 0 }];
      isOfProxy = false;
      // This one, by its scheme, leaves the looking up to us.
      if (proxy?.protocol === "socks5") far = (await this.#addressesOf(far))[0].address;
    } catch (error) {
      site.addresses = undefined;
      const { code, message } = error as NodeJS.ErrnoException;
      return this.#failureOf({ code, message, isTls: false, isOfProxy });
    }
    let failure: Failure | undefined;
    for (const address of [...addresses]) {
      const error = await this.#open(site, address, far);
      if (error === undefined) {
        this.shortage.end();
        site.reached.add(address.address);
        if (addresses[0] !== address) {
          addresses.splice(addresses.indexOf(address), 1);
          addresses.unshift(address);
        }
        return undefined;
      }
      const shortage = shortageOf(error, site.reached.has(address.address));
      if (shortage !== undefined) {
        this.shortage.begin(shortage).then(() => this.#connectMore());
        // What idles holds sockets that somebody waits for.
        this.#idles.cancel();
        return undefined;
      }
      failure = this.#failureOf(error);
    }
    site.addresses = undefined;
    return failure ?? { error: "dns", detail: "the name has no address" };
  }

  #failureOf(error: ConnectError): Failure {
    if (error.code === "timeout") return failureOfConnectTimeout(this.#options.connectTimeoutMs);
    const known = CODES[error.code ?? ""];
    // Whatever it is: it says nothing of the host.
    if (error.isOfProxy) {
      return { error: "connect", detail: `the proxy: ${known?.[1] ?? error.message}` };
    }
    if (known !== undefined && !(error.isTls && known[0] === "connect")) {
      return { error: known[0], detail: known[1] };
    }
    return { error: error.isTls ? "tls" : "connect", detail: error.message };
  }

  /** The addresses of a name; those of `localhost` are known without asking (RFC 6761 §6.3). */
  async #addressesOf(hostname: string): Promise<Address[]> {
    if (this.#options.byName) return [{ address: hostname, family: 0 }];
    if (hostname === "localhost") {
      return [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
    }
    return await lookup(hostname, { all: true });
  }

  /** @param far the host that a proxy is asked for a way to */
  #open(site: Site, address: Address, far: string): Promise<ConnectError | undefined> {
    const { promise, resolve } = Promise.withResolvers<ConnectError | undefined>();
    // Idle connections of other origins make room: so many hosts need no more sockets than few.
    if (this.#siteOf.size >= this.#options.concurrency) this.#idles.stopFirst();
    const connection = new Connection(this.#destinationOf(site, address, far), this);
    this.#siteOf.set(connection, site);
    this.#attempts.set(connection, resolve);
    this.#connects.add(connection, performance.now());
    site.open++;
    return promise;
  }

  #destinationOf({ origin }: Site, { address, family }: Address, far: string): Destination {
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

  onIdle(connection: Connection): void {
    const site = this.#siteOf.get(connection)!;
    const isFresh = connection.uses === 0;
    if (isFresh) {
      this.#made++;
      this.#connects.remove(connection);
      this.#attempts.get(connection)!(undefined);
      this.#attempts.delete(connection);
    }
    const waiter = (isFresh ? site.waitingForFresh.shift() : undefined) ??
      (this.#rightOfWay.isOn ? undefined : site.waiting.shift());
    if (waiter !== undefined) return waiter.onConnection(connection);
    site.idle.push(connection);
    this.#idling++;
    this.#idles.add(connection);
  }

  /** Gives what idles to those who wait. */
  #serveAll(): void {
    for (const site of this.#sites.values()) {
      while (site.waiting.length > 0 && site.idle.length > 0 && !this.#rightOfWay.isOn) {
        const connection = site.idle.pop()!;
        this.#idles.remove(connection);
        this.#idling--;
        site.waiting.shift()!.onConnection(connection);
      }
    }
  }

  onClose(connection: Connection, connectError: ConnectError | undefined): void {
    this.#attempts.get(connection)?.(connectError);
    this.#attempts.delete(connection);
    // In one of the two, if in any.
    this.#idles.remove(connection);
    const site = this.#siteOf.get(connection);
    if (site === undefined) return;
    this.#siteOf.delete(connection);
    const place = site.idle.lastIndexOf(connection);
    if (place >= 0) {
      site.idle.splice(place, 1);
      this.#idling--;
    }
    site.open--;
    this.#drop(site);
  }

  #drop(site: Site): void {
    if (site.open + site.connecting + site.waiting.length + site.waitingForFresh.length === 0) {
      this.#sites.delete(site.key);
    }
  }

  /** Closes all that is open. */
  close(): void {
    this.#idles.close();
    this.#connects.close();
    this.shortage.close();
    this.#rightOfWay.close();
    for (const connection of this.#siteOf.keys()) connection.destroy();
  }
}

/** The codes that Node's sockets and look-ups fail with, the kind of each, and words for it. */
const CODES: Readonly<Record<string, readonly [ErrorKind, string]>> = {
  ECONNREFUSED: ["refused", "connection refused"],
  ECONNRESET: ["reset", "connection reset while connecting"],
  EPIPE: ["reset", "connection reset while connecting"],
  ENOTFOUND: ["dns", "the name does not resolve"],
  EAI_AGAIN: ["dns", "the name server does not answer"],
  ENODATA: ["dns", "the name has no address"],
  ENETUNREACH: ["connect", "network unreachable"],
  EHOSTUNREACH: ["connect", "host unreachable"],
  EMFILE: ["connect", "too many open files"],
  ENFILE: ["connect", "too many open files"],
  ENOBUFS: ["connect", "no memory for sockets is left"],
  ENOMEM: ["connect", "no memory for sockets is left"],
  EADDRNOTAVAIL: ["connect", "no local port is left"],
};

/** Codes of what this machine can run out of. */
const SHORTAGES = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/**
 * What this machine has run out of, if that is why it cannot connect. Without a local port Deno
 * says `EINVAL`; to an address that was never reached it may be for want of a local address.
 */
function shortageOf({ code = "" }: ConnectError, wasReached: boolean): string | undefined {
  if (SHORTAGES.has(code)) return CODES[code][1];
  if (wasReached && (code === "EINVAL" || code === "EADDRNOTAVAIL")) return CODES.EADDRNOTAVAIL[1];
}
