/**
 * The clients of the laboratory: `myriad` and its peers.
 *
 * @module
 */
import type { Measured } from "../meter.ts";
import type { Protocol } from "./site.ts";

/** What a client is to do. */
export interface Order {
  /** A file with a URL a line, each with its number at the end of its path, from 0 on. */
  readonly list: string;
  /** The lines of the list. */
  readonly requests: number;
  /** Requests in flight. */
  readonly concurrency: number;
  readonly protocol: Protocol;
  /** Whether some of them have bodies, by their paths (`mix.ts`). */
  readonly isMixed: boolean;
  /** The seconds that a request may take, from 1. */
  readonly timeoutSeconds: number;
  /** How often a request that failed is to be made again; 0 for never. */
  readonly retries: number;
  /** The seconds that each place of the concurrency waits after a request; 0 for none. */
  readonly pauseSeconds: number;
  /** A folder of its own, empty, that somebody else removes. */
  readonly folder: string;
  /** A file with the authority that has signed the server's certificate, for its addresses. */
  readonly authority: string;
}

/** What a client says became of a request. */
export const NOTHING = 0;
export const OK = 1;
export const FAILED = 2;

/** What a client says became of all requests. */
export interface Report {
  /** How many it has made, where it could not be told how many. */
  readonly asked?: number | undefined;
  /** How many were answered with 200, and how many were not. */
  readonly ok: number;
  readonly failed: number;
  /** How many it may have left in flight at its end, as one does that ends by the clock. @default {0} */
  readonly unfinished?: number | undefined;
  /** Whether each request had a number of its own. @default {true where there are outcomes} */
  readonly isNumbered?: boolean | undefined;
  /**
   * By the number of the request: {@linkcode NOTHING}, {@linkcode OK} or {@linkcode FAILED};
   * undefined for a client that only counts.
   */
  readonly outcomes?: Uint8Array | undefined;
  /** The kinds of failures and how many there were of each, where it tells. */
  readonly kinds?: Readonly<Record<string, number>> | undefined;
  /** What is wrong with the report itself, such as two records for one request; at most a few. */
  readonly faults?: readonly string[] | undefined;
}

/** A client that is installed. */
export interface Client {
  /** As a table calls it. */
  readonly name: string;
  readonly version: string;
  readonly protocols: readonly Protocol[];
  /** Whether it can make a failed request again, so that it takes part in rows with retries. */
  readonly hasRetries: boolean;
  /** Whether it can pause between requests, so that it takes part in rows with pauses. */
  readonly hasPauses: boolean;
  /** Makes the files that it needs, of the list. */
  prepare?(order: Order): Promise<void>;
  /** Its command, for the client's machine. */
  command(order: Order): string[];
  /**
   * Reads what it says it did.
   *
   * @throws {Error} If it says nothing that can be read.
   */
  read(order: Order, output: Measured): Promise<Report>;
}
