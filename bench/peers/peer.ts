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
  /** As far as it tells. */
  readonly latencyMs?: {
    readonly p99?: number;
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

const MS_OF_UNIT: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/**
 * A duration as wrk and h2load print it, such as `1.50ms`.
 *
 * @throws {Error} If it is not a duration.
 */
export function toMilliseconds(text = ""): number {
  const match = /^([\d.]+)(us|ms|s|m)$/.exec(text);
  if (match === null) throw new Error(`'${text}' is not a duration such as '1.50ms'`);
  return Number(match[1]) * MS_OF_UNIT[match[2]];
}
