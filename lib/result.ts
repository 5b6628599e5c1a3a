/**
 * Results: requests that have ended.
 *
 * @module
 */
import type { Target } from "./target.ts";

/** A value that was captured from a response; null if it was not there. */
export type Captured = string | number | boolean | null;

/** Why a request got no usable response. A closed list, and a contract with the users' scripts. */
export const ERROR_KINDS = [
  "dns",
  "refused",
  "reset",
  "tls",
  "connect",
  "timeout",
  "protocol",
  "body",
  "redirect",
  "url",
  "expect",
  "cancelled",
] as const;

/** One of {@linkcode ERROR_KINDS}. */
export type ErrorKind = typeof ERROR_KINDS[number];

/**
 * What a failure tells about: the host alone, the network on the way to every host, or the proxy or
 * the Unix socket that every request goes through.
 */
export type FailureScope = "host" | "network" | "proxy";

/** Why a request failed. */
export interface Failure {
  readonly error: ErrorKind;
  /** What went wrong, in words; it can hold what a server sent, so escape it. */
  readonly detail: string;
  /** Undefined if it tells about none of them, as when the run was ended. */
  readonly scope: FailureScope | undefined;
  /** Whether nobody listens at the address, or the name does not exist. @default {false} */
  readonly isUnreachable?: boolean;
  /** Whether another attempt would fail the same way, whatever its kind. @default {false} */
  readonly isPermanent?: boolean;
  /**
   * Why the body of the response is cut short: it is longer than the limit, or its connection or
   * stream has ended. Undefined for other failures.
   */
  readonly cut?: "length" | "disconnect";
}

/** A version of HTTP, as records name it. */
export type HttpVersion = "1.0" | "1.1" | "2";

/** What is known about a connection. It does not change, and holds no socket. */
export interface ConnectionInfo {
  /** The other end, as in `127.0.0.1:80` or `[::1]:80`. */
  readonly remote: string | null;
  /**
   * Milliseconds that the look-up of the name took before that; null without one: for an address, or
   * if the addresses were known from an earlier connection.
   */
  readonly dnsMs: number | null;
  /**
   * Milliseconds that TCP took to connect, without the look-up of the name if
   * {@linkcode ConnectionInfo.dnsMs} has it.
   */
  readonly connectMs: number | null;
  /** Milliseconds that the TLS handshake took after that; null without TLS. */
  readonly tlsMs: number | null;
}

/** The outcome of one {@linkcode Target}. A failed request is a value, never an exception. */
export interface Result {
  readonly target: Target;
  /** The origin of its URL (RFC 9110 §4.3.1), if the engine needed it. */
  readonly origin: string | undefined;
  /**
   * The status code, 100 to 999; null without a response. A response that missed an expectation has
   * its status.
   */
  readonly status: number | null;
  /** Bytes of the body as transferred, as far as they arrived. */
  readonly bytes: number;
  /** Bytes of the body after decoding. */
  readonly size: number;
  /**
   * When it started, in milliseconds since the Unix epoch: when it was sent, or when its connection
   * was begun. The wait for its turn to connect before that is not the server's doing.
   */
  readonly at: number;
  /**
   * Milliseconds from its start to the last byte of the response, or to the failure. With a rate,
   * they count from when it was due.
   */
  readonly ms: number;
  /** Milliseconds from its start to the head of the response; null without one. */
  readonly ttfbMs: number | null;
  /**
   * How often it was tried; 0 if nothing was sent. Repetitions by the engine count too, after a dead
   * connection, or if the server did not process the request.
   */
  readonly attempts: number;
  /**
   * The first `Location` field of the response, if its status gives it a meaning (RFC 9110 §10.2.2).
   * It is decoded as UTF-8 if it is valid UTF-8, and byte by byte otherwise.
   */
  readonly location: string | null;
  /**
   * The URL of the last request that was made for it, which its redirects led to: that of its
   * response, or of the request that failed. Without user information; null if nothing was sent.
   */
  readonly finalUrl: string | null;
  /** How many redirects were followed, from 0. */
  readonly redirects: number;
  /**
   * The `Content-Type` fields of the final response (RFC 9110 §8.3), joined by `, `; null without one,
   * or if the engine was not asked for it.
   */
  readonly contentType: string | null;
  /** The connection of its response, or of the failed request; null if that is not known. */
  readonly via: ConnectionInfo | null;
  /** Whether that connection was used before. */
  readonly isReused: boolean;
  /** The name of the engine that made it; null for a request that was never started. */
  readonly engine: string | null;
  /** The version of HTTP of the final response; null without one, or if that is not known. */
  readonly version: HttpVersion | null;
  /**
   * The `Retry-After` field of a 429 or 503 (RFC 9110 §10.2.3), as it came; several fields are joined
   * by `, `; null without one.
   */
  readonly retryAfter: string | null;
  /** Whether the same request would fail the same way again, whatever its kind. */
  readonly isPermanent: boolean;
  /** The file of its body, below the folder for bodies; null without one. */
  readonly bodyFile: string | null;
  /** Captured values, in the order of the captures; undefined without any. */
  readonly captures: readonly Captured[] | undefined;
  /** For the error `expect`: the expectation, as the user gave it; bounded. */
  readonly expectation: string | undefined;
  readonly error: ErrorKind | undefined;
  /** As {@linkcode Failure.detail}. */
  readonly detail: string | undefined;
  /** As {@linkcode Failure.scope}; undefined for a response. */
  readonly scope: FailureScope | undefined;
  /** As {@linkcode Failure.isUnreachable}. */
  readonly isUnreachable: boolean;
  /**
   * Whether its last attempt was counted as one that another follows, which was not made.
   *
   * @default {false}
   */
  readonly isAttemptCounted?: boolean;
}

/** What an engine knows about a request that has ended, except why it failed. */
export type EndedRequest = Omit<Result, keyof Failure | "bodyFile" | "captures" | "expectation">;

/** The result of a request. All results are made here, so that they have one shape for V8. */
export function toResult(ended: EndedRequest, failure: Failure | undefined): Result {
  return {
    target: ended.target,
    origin: ended.origin,
    status: ended.status,
    bytes: ended.bytes,
    size: ended.size,
    at: ended.at,
    ms: ended.ms,
    ttfbMs: ended.ttfbMs,
    attempts: ended.attempts,
    location: ended.location,
    finalUrl: ended.finalUrl,
    redirects: ended.redirects,
    contentType: ended.contentType,
    via: ended.via,
    isReused: ended.isReused,
    engine: ended.engine,
    version: ended.version,
    retryAfter: ended.retryAfter,
    isPermanent: failure?.isPermanent === true,
    bodyFile: null,
    captures: undefined,
    expectation: undefined,
    error: failure?.error,
    detail: failure?.detail,
    scope: failure?.scope,
    isUnreachable: failure?.isUnreachable === true,
  };
}

/** What is known of a request that nothing came of. */
export const NO_RESPONSE: Omit<EndedRequest, "target" | "at"> = {
  origin: undefined,
  status: null,
  bytes: 0,
  size: 0,
  ms: 0,
  ttfbMs: null,
  attempts: 0,
  location: null,
  finalUrl: null,
  redirects: 0,
  contentType: null,
  via: null,
  isReused: false,
  engine: null,
  version: null,
  retryAfter: null,
};

/** The result of a target that no engine was given: it would fail the same way again. */
export function toUnsentResult(
  target: Target,
  { error, detail }: Pick<Failure, "error" | "detail">,
): Result {
  const failure = { error, detail, scope: undefined, isPermanent: true };
  return toResult({ ...NO_RESPONSE, target, at: Date.now() }, failure);
}

/** What the details look at of a result, which a record of one has, too. */
export type ObservedResult<T extends keyof Target> =
  & Pick<Result, "ms" | "status" | "error" | "at" | "origin">
  & { readonly target: Pick<Target, T> };
