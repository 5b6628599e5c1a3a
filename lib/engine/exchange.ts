/**
 * What an engine tells of exchanges, byte by byte as they are on the wire, for archives.
 *
 * An exchange is one request and its response: a request that is redirected, or sent again over another
 * connection, has several. CONNECT to a proxy, and what else makes a connection, belongs to none.
 *
 * HTTP/2 has no such bytes: its exchanges are told in the form that they have in HTTP/1.1, see
 * docs/engines.md.
 *
 * @module
 */
import type { Target } from "../target.ts";

/** Why the body of a response is not whole: the values of `WARC-Truncated` (ISO 28500:2017). */
export type CutReason =
  /** It is longer than the engine may read. */
  | "length"
  /** Its time was over. */
  | "time"
  /** The connection, or its stream of HTTP/2, ended before it. */
  | "disconnect"
  /** It is malformed, or the run has ended. */
  | "unspecified";

/** A request that goes out. */
export interface ExchangeStart {
  /** The URL that is requested: that of the target, or where a redirect led to. */
  readonly url: string;
  /** As `WARC-Protocol` names it: `h2` is HTTP/2 over TLS, `h2c` HTTP/2 without it. */
  readonly protocol: "http/1.1" | "h2" | "h2c";
  /**
   * The IP address of the server, without brackets and port; null where it is not known: over a Unix
   * socket and through a proxy.
   */
  readonly address: string | null;
  /** When it was sent, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Its head, up to and including the empty line; valid during the call only. */
  readonly head: Uint8Array;
}

/** How an exchange has ended. */
export interface ExchangeEnd {
  /** Why the response is missing or not whole; undefined if it is whole. */
  readonly cut: CutReason | undefined;
  /**
   * Whether all of the request was given to the connection. A server can respond before it has read
   * the whole body, whose rest is then not told.
   */
  readonly isRequestWhole: boolean;
}

/**
 * Receives the bytes of one exchange. The response can begin before the request is sent whole; `onEnd`
 * comes last, exactly once. Bytes are valid during the call only. What a member throws ends the run, as
 * `onSinkFailure` has it, and nothing more is told of the exchange.
 */
export interface ExchangeSink {
  /** A piece of the body of the request, which HTTP/1.1 sends without a transfer coding. */
  onRequestBody(bytes: Uint8Array): void;
  /**
   * The head of the final response as it came, up to and including the empty line. Interim responses
   * (1xx) are not told.
   */
  onResponseHead(bytes: Uint8Array, status: number): void;
  /**
   * A piece of the content of the response (RFC 9110 §6.4): without the framing of chunks, and in its
   * content coding. The bytes of `onResponseBody` that have it follow.
   */
  onContent(bytes: Uint8Array): void;
  /** A piece of the body of the response as it came, with the lines of chunks and trailers. */
  onResponseBody(bytes: Uint8Array): void;
  onEnd(end: ExchangeEnd): void;
}

/**
 * Receives the exchanges of one request, one after another. All have ended when its result comes. A
 * request that is retried later is begun anew.
 */
export interface RequestTap {
  onExchange(start: ExchangeStart): ExchangeSink;
}

/** Receives the exchanges of an engine. */
export interface ExchangeTap {
  /** Called when a request starts. */
  begin(target: Target): RequestTap;
}
