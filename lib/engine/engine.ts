/**
 * What every engine has, and what it is given.
 *
 * @module
 */
import type { Result } from "../result.ts";
import type { Target } from "../target.ts";

/** What a client shows of itself, and what it takes for trusted; all of it in PEM. */
export interface TlsOptions {
  /** Authorities to trust instead of the usual ones. */
  readonly ca?: string;
  /** A certificate of the client's own. */
  readonly cert?: string;
  /** The key of that certificate. */
  readonly key?: string;
  /** Whether any certificate of a server will do. */
  readonly insecure: boolean;
}

/** What all connections go through. */
export interface ProxyOptions {
  readonly protocol: "http" | "https" | "socks5" | "socks5h";
  /** A name or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
}

/** Where cookies are kept (RFC 6265). */
export interface Cookies {
  /** The value of the `Cookie` field for a URL; undefined if there is none. */
  for(url: string): string | undefined;
  /** Takes the `Set-Cookie` fields of an answer, each character a byte. */
  store(url: string, fields: readonly string[]): void;
}

/** The head of an answer, for who wants more of it than a {@linkcode Result} has. */
export interface ResponseHead {
  readonly status: number;
  /**
   * The content coding that the body has where it is handed out, in lower case (RFC 9110 §8.4.1);
   * null if it has none.
   */
  readonly coding: string | null;
  /**
   * The value of a field, those of several fields of the name joined by `, ` (RFC 9110 §5.3); null
   * if there is none. It is read as UTF-8 where it is that, and else byte by byte.
   *
   * @param name in lower case
   */
  field(name: string): string | null;
}

/** Takes the body of an answer as it comes: `write` any number of times, then one of the others. */
export interface BodySink {
  /** Takes bytes; they are the caller's again when it returns. */
  write(bytes: Uint8Array): void;
  /** The body is complete. */
  end(): void;
  /** What came is not all of it, or no answer to keep: what was written is to go. */
  discard(): void;
}

/** Makes requests. There is one for each way of making them. */
export interface Engine {
  /** Its name; where it is made of several, those that made requests, as in `http1+fetch`. */
  readonly name: string;
  /** What this machine ran out of, in words, and how often; requests then wait. */
  readonly shortages: ReadonlyMap<string, number>;
  /**
   * Makes one request. `done` is always called, once, within the engine's timeout, whatever a
   * server or a network does; at once or later.
   *
   * @param dueMs when its times count from, on `performance.now()`'s clock: earlier than now if it
   * waited for a free place. By default now
   */
  start(target: Target, done: (result: Result) => void, dueMs?: number): void;
  /** Ends every request in flight with the error `cancelled`; later ones end so at once. */
  cancel(): void;
  /** Closes every connection. Call it when nothing is in flight. */
  close(): void;
}
