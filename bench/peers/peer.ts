/**
 * The clients that benches put side by side: how each is called, and what it says it did.
 *
 * @module
 */

/** What a client is to do: as many requests, or, if it knows no counts, for as long. */
export interface Load {
  readonly url: string;
  /** 0, for one that knows both: for as long. */
  readonly requests: number;
  /** Requests in flight, which is connections. */
  readonly concurrency: number;
  /** From 1. */
  readonly seconds: number;
}

/** What a client says it did. */
export interface Answers {
  /** Requests answered. */
  readonly requests: number;
  /** Requests that weren't, as far as it counts them. */
  readonly failed: number;
  /** Requests answered a second. */
  readonly rate: number;
  readonly latencyMs?: {
    readonly p99: number;
    /** Undefined for a client that doesn't tell. */
    readonly p999?: number;
    readonly max: number;
  };
}

/** A client that is installed. */
export interface Peer {
  /** As a table calls it, with what it is given. */
  readonly name: string;
  readonly program: string;
  readonly version: string;
  /** Undefined if it can have as many in flight as it is asked for. */
  readonly maxInFlight?: number;
  /** @param load of no more in flight than it can have */
  command(load: Load): string[];
  /**
   * @param seconds from its start to its end, for one that tells no rate
   * @throws {Error} If it isn't what such a client prints.
   */
  read(stdout: string, seconds: number): Answers;
}

/** The number that a pattern finds. */
export function numberIn(text: string, pattern: RegExp): number | undefined {
  const match = pattern.exec(text)?.[1];
  return match === undefined ? undefined : Number(match);
}

/** @throws {Error} If the pattern finds nothing: the client ended before its summary. */
export function requiredNumberIn(text: string, pattern: RegExp): number {
  const number = numberIn(text, pattern);
  if (number === undefined) throw new Error(`no ${pattern} in what it printed`);
  return number;
}
