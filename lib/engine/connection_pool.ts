/**
 * The connections of an engine: those that idle, by origin, and those being made.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { ErrorKind } from "../types.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import type { Failure } from "./failure.ts";
import type { Route } from "./request.ts";

/** Someone who waits for a connection. */
export interface Waiter {
  /** Called with a connection that is idle, and the waiter's to use at once. */
  onConnection(connection: Connection): void;
  onConnectFailure(failure: Failure): void;
}

/** Most connections being made at once: more of them starve each other. */
const MAX_CONNECTING = 64;
/** How long a connection idles before it is closed. */
const IDLE_MS = 15_000;

interface Address {
  readonly address: string;
  readonly family: number;
}

/** An origin that has connections, or somebody who waits for one. Dropped when it has neither. */
class Origin {
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
  /** Last in, first out: the warmest is used first, and those at the bottom grow old. */
  readonly idle: Connection[] = [];
  /** First in, first out; at most the run's concurrency. */
  readonly waiting: Waiter[] = [];
  connecting = 0;
  open = 0;
  /** Asked once; undefined before, and after every address has failed. */
  addresses: Promise<Address[]> | undefined;

  constructor({ origin, hostname, port }: Route) {
    this.key = origin;
    this.hostname = hostname;
    this.port = port;
  }
}

/** Gives out connections, and takes them back. */
export class ConnectionPool implements ConnectionOwner {
  readonly #concurrency: number;
  readonly #byName: boolean;
  readonly #origins = new Map<string, Origin>();
  readonly #originOf = new Map<Connection, Origin>();
  /** Who was told of what an address did when it was connected to. */
  readonly #attempts = new Map<Connection, (error: NodeJS.ErrnoException | undefined) => void>();
  /** Those that idle, the longest first, of all origins. */
  readonly #idles = new Deadlines(IDLE_MS);
  /** Origins that have somebody waiting for whom a connection is to be made. */
  readonly #hungry = new Set<Origin>();
  #connecting = 0;

  /**
   * @param concurrency most connections, used and idle
   * @param byName whether to connect by name, not by address: a permission for a name is none for
   * its addresses, but Deno then asks for them once a connection
   */
  constructor(concurrency: number, byName: boolean) {
    this.#concurrency = concurrency;
    this.#byName = byName;
  }

  /** Finds or makes a connection for somebody. */
  acquire(route: Route, waiter: Waiter): void {
    let origin = this.#origins.get(route.origin);
    if (origin === undefined) this.#origins.set(route.origin, origin = new Origin(route));
    const connection = origin.idle.pop();
    if (connection !== undefined) {
      this.#idles.remove(connection);
      return waiter.onConnection(connection);
    }
    origin.waiting.push(waiter);
    this.#hungry.add(origin);
    this.#connectMore();
  }

  /** Forgets somebody who waits. */
  forget({ origin: key }: Route, waiter: Waiter): void {
    const origin = this.#origins.get(key);
    const place = origin?.waiting.indexOf(waiter) ?? -1;
    if (place >= 0) origin!.waiting.splice(place, 1);
  }

  #connectMore(): void {
    for (const origin of this.#hungry) {
      while (origin.waiting.length > origin.connecting) {
        if (this.#connecting >= MAX_CONNECTING) return;
        origin.connecting++;
        this.#connecting++;
        this.#connect(origin).then((failure) => {
          origin.connecting--;
          this.#connecting--;
          if (failure !== undefined) origin.waiting.shift()?.onConnectFailure(failure);
          // Several may have ended before any of them was counted out.
          if (origin.waiting.length > origin.connecting) this.#hungry.add(origin);
          this.#drop(origin);
          this.#connectMore();
        });
      }
      this.#hungry.delete(origin);
    }
  }

  /** Makes a connection; tries each address in turn, first the one that answered last. */
  async #connect(origin: Origin): Promise<Failure | undefined> {
    let addresses;
    try {
      addresses = await (origin.addresses ??= this.#addressesOf(origin.hostname));
    } catch (error) {
      origin.addresses = undefined;
      return failureOfConnect(error as NodeJS.ErrnoException);
    }
    let failure: Failure | undefined;
    for (const address of [...addresses]) {
      const error = await this.#open(origin, address);
      if (error === undefined) {
        if (addresses[0] !== address) {
          addresses.splice(addresses.indexOf(address), 1);
          addresses.unshift(address);
        }
        return undefined;
      }
      failure = failureOfConnect(error);
      if (LOCAL.has(error.code ?? "")) break;
    }
    origin.addresses = undefined;
    return failure ?? { error: "dns", detail: "the name has no address" };
  }

  /** The addresses of a name; those of `localhost` are known without asking (RFC 6761 §6.3). */
  async #addressesOf(hostname: string): Promise<Address[]> {
    if (this.#byName) return [{ address: hostname, family: 0 }];
    if (hostname === "localhost") {
      return [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
    }
    return await lookup(hostname, { all: true });
  }

  #open(origin: Origin, { address, family }: Address): Promise<NodeJS.ErrnoException | undefined> {
    const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | undefined>();
    // Idle connections of other origins make room: so many hosts need no more sockets than few.
    if (this.#originOf.size >= this.#concurrency) this.#idles.stopFirst();
    const connection = new Connection({ host: address, port: origin.port, family }, this);
    this.#originOf.set(connection, origin);
    this.#attempts.set(connection, resolve);
    origin.open++;
    return promise;
  }

  onIdle(connection: Connection): void {
    this.#attempts.get(connection)?.(undefined);
    this.#attempts.delete(connection);
    const origin = this.#originOf.get(connection)!;
    const waiter = origin.waiting.shift();
    if (waiter !== undefined) return waiter.onConnection(connection);
    origin.idle.push(connection);
    this.#idles.add(connection, performance.now());
  }

  onClose(connection: Connection, connectError: NodeJS.ErrnoException | undefined): void {
    this.#attempts.get(connection)?.(connectError);
    this.#attempts.delete(connection);
    this.#idles.remove(connection);
    const origin = this.#originOf.get(connection);
    if (origin === undefined) return;
    this.#originOf.delete(connection);
    const place = origin.idle.lastIndexOf(connection);
    if (place >= 0) origin.idle.splice(place, 1);
    origin.open--;
    this.#drop(origin);
  }

  #drop(origin: Origin): void {
    if (origin.open === 0 && origin.connecting === 0 && origin.waiting.length === 0) {
      this.#origins.delete(origin.key);
    }
  }

  /** Closes all that is open. */
  close(): void {
    this.#idles.close();
    for (const connection of this.#originOf.keys()) connection.destroy();
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
  EADDRNOTAVAIL: ["connect", "no local port is left"],
};

/** Codes that another address of the same host would meet as well. */
const LOCAL = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL"]);

function failureOfConnect({ code, message }: NodeJS.ErrnoException): Failure {
  const [error, detail] = CODES[code ?? ""] ?? ["connect", code ?? message];
  return { error, detail };
}
