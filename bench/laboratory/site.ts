/**
 * The servers of the laboratory.
 *
 * @module
 */
import type { Laboratory } from "./laboratory.ts";

/** How clients speak to a site: HTTP/1.1, HTTP/1.1 over TLS, or HTTP/2 over TLS. */
export type Protocol = "http" | "https" | "h2";

/** The ports that sites listen at, at all addresses of the server's machine. */
export const PORTS: Readonly<Record<Protocol, number>> = { http: 80, https: 443, h2: 443 };

/** What a site serves at each path, with status 200. */
export const BODY = "Hello, World!";

/** A request as a site logged it. */
export interface LoggedRequest {
  /** The number that its path ends with, as in `/17`. */
  readonly number: number;
  readonly status: number;
  /** Whether the site has sent all of its answer, as far as it knows. */
  readonly isWhole: boolean;
}

/** A server that runs. */
export interface Site extends AsyncDisposable {
  /** Makes it read its configuration again, as an operator does; undefined if it cannot. */
  readonly reload?: (() => Promise<void>) | undefined;
  /** Ends it as `systemctl restart` does, and starts it again. */
  restart(): Promise<void>;
  /** Ends it. Its log is complete then. */
  stop(): Promise<void>;
  /** How many lines it has logged so far. */
  countRequests(): Promise<number>;
  /** Calls back for each request that it logged, in the order of the log. */
  forEachRequest(visit: (request: LoggedRequest) => void): Promise<void>;
}

/** How a site is started. */
export interface SiteOptions {
  readonly laboratory: Laboratory;
  /** A folder of its own, empty, that somebody else removes. */
  readonly folder: string;
}

/** A kind of server. */
export interface SiteKind {
  readonly name: string;
  readonly protocols: readonly Protocol[];
  /** Undefined if it is not installed. */
  version(): Promise<string | undefined>;
  /**
   * Starts it on the server's machine, and waits until it listens at {@linkcode PORTS}.
   *
   * @throws {Error} If it does not listen.
   */
  start(options: SiteOptions): Promise<Site>;
}

/**
 * The URL of a request.
 *
 * @param host an address or a name, as a URL has it
 * @param folder what stands before the number, with a `/` at both ends
 */
export function toUrl(protocol: Protocol, host: string, number: number, folder = "/"): string {
  return `${protocol === "http" ? "http" : "https"}://${host}${folder}${number}`;
}
