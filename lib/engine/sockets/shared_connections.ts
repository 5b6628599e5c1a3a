import type { Connection } from "./connection.ts";

/**
 * The fields of a request that goes out over a shared connection have at most this many bytes, until
 * the server has taken more: nginx and HAProxy end the whole connection for a field of 10 or 20 kB.
 */
export const MAX_SHARED_HEAD_BYTES = 4_096;

/**
 * The HTTP/2 connections to an origin that requests share. Those that have announced their end, or
 * take no request any more for another reason, are not among them.
 */
export class SharedConnections {
  /** At most as many as there may be requests in flight; each with its limit, as last seen. */
  readonly #all = new Map<Connection, number | undefined>();
  /**
   * Those with room, and some that had it. The last one is used first, so that one is full before
   * another one is used.
   */
  readonly #roomy: Connection[] = [];
  /** Those without any request. */
  readonly idle = new Set<Connection>();
  /**
   * The streams that the server allows on a connection, or fewer; undefined before it has said. Where
   * the servers behind an origin differ, it is the smallest limit of the open connections.
   */
  limit: number | undefined;
  /** After how many requests the server ends a connection; undefined if it does not. */
  maxRequests: number | undefined;
  /** The number of requests at which another connection is begun, so that it is there in time. */
  renewAt = Infinity;
  /** The fields of a request that may share a connection have at most this many bytes. */
  maxHeadBytes = MAX_SHARED_HEAD_BYTES;

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#all.keys();
  }

  /**
   * How many requests can be sent, at the latest when the servers have said their limits. Infinity
   * while a limit is not known at all, or where it is 0: the server will say when it takes requests,
   * and more connections would not change that.
   */
  get room(): number {
    let room = 0;
    for (const connection of this.#all.keys()) {
      const limit = connection.limit ?? this.limit ?? 0;
      room += limit === 0 ? Infinity : this.roomOn(connection);
    }
    return room;
  }

  /** How many requests can be sent over a connection; what others allow holds before it has said. */
  roomOn(connection: Connection): number {
    const { room, limit, busy } = connection;
    if (limit !== undefined || this.limit === undefined) return room;
    return Math.max(0, Math.min(room, this.limit - busy));
  }

  /**
   * How many requests a connection is expected to take, from 1. Infinity where servers allow no
   * streams: one connection shows when that changes.
   */
  get perConnection(): number {
    return Math.min(this.limit || Infinity, this.maxRequests ?? Infinity);
  }

  add(connection: Connection): void {
    this.#all.set(connection, undefined);
    this.onRoom(connection);
  }

  /** @returns whether it was there */
  delete(connection: Connection): boolean {
    const place = this.#roomy.indexOf(connection);
    if (place >= 0) this.#roomy.splice(place, 1);
    const wasThere = this.#all.delete(connection);
    if (wasThere) this.#findLimit();
    return wasThere;
  }

  /** A connection may have room again. */
  onRoom(connection: Connection): void {
    const roomy = this.#roomy;
    if (roomy.at(-1) !== connection && !roomy.includes(connection)) roomy.push(connection);
  }

  /**
   * Looks at the limit of a connection.
   *
   * @returns whether {@linkcode limit} has changed
   */
  learnLimit(connection: Connection): boolean {
    if (connection.limit === this.#all.get(connection)) return false;
    this.#all.set(connection, connection.limit);
    const before = this.limit;
    this.#findLimit();
    return this.limit !== before;
  }

  #findLimit(): void {
    const limits = [...this.#all.values()].filter((limit) => limit !== undefined);
    if (limits.length > 0) this.limit = Math.min(...limits);
  }

  /** The server has taken fields of so many bytes, so that fields of a few more can share, too. */
  trustHead(bytes: number): void {
    this.maxHeadBytes = Math.max(this.maxHeadBytes, bytes + Math.ceil(bytes / 10));
  }

  /** A connection with room, if any has. */
  find(): Connection | undefined {
    const roomy = this.#roomy;
    for (let connection = roomy.at(-1); connection !== undefined; connection = roomy.at(-1)) {
      if (this.roomOn(connection) > 0) return connection;
      roomy.pop();
    }
    return undefined;
  }

  /**
   * Learns from a connection that ends after how many requests the server ends one. A connection that
   * got as many as the one before, and was not ended by the server, shows that this does not hold.
   */
  learnEnd({ endedAfter, uses }: Connection): void {
    if (endedAfter !== undefined && endedAfter > 0) this.maxRequests = endedAfter;
    else if (uses === this.maxRequests) this.maxRequests = undefined;
    const max = this.maxRequests ?? Infinity;
    this.renewAt = max - Math.min(this.limit ?? Infinity, Math.ceil(max / 2));
    if (Number.isNaN(this.renewAt)) this.renewAt = Infinity;
  }

  /**
   * Whether the requests of a connection that ends, or will end soon, have no room on the others when
   * they come again.
   */
  isMissed(ending: Connection): boolean {
    let room = 0;
    for (const connection of this.#all.keys()) {
      if (connection !== ending && connection.uses < this.renewAt) room += this.roomOn(connection);
    }
    return room < ending.busy;
  }
}
