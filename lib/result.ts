/**
 * What an engine makes of a target: one request that has ended.
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
  /** Undefined where the failure tells nothing about any of them, as when the run was ended. */
  readonly scope: FailureScope | undefined;
  /** Whether nobody listens there, or there is no such name. @default {false} */
  readonly isUnreachable?: boolean;
  /** Whether another attempt would fail the same way, whatever its kind. @default {false} */
  readonly isPermanent?: boolean;
}

/** What is known of a connection. It does not change, and holds no socket. */
export interface ConnectionInfo {
  /** The other end, as in `127.0.0.1:80` or `[::1]:80`. */
  readonly remote: string | null;
  /** Milliseconds that TCP took to connect; looking up the name is not in it. */
  readonly connectMs: number | null;
  /** Milliseconds that the TLS handshake took behind it; null without TLS. */
  readonly tlsMs: number | null;
}

/** What came of one {@linkcode Target}. A failed request is a value, never an exception. */
export interface Result {
  readonly target: Target;
  /** The origin of its URL (RFC 9110 §4.3.1), where the engine had to find it. */
  readonly origin: string | undefined;
  /**
   * The status code, 100 to 999, or null where no answer came; one that was not as expected did.
   */
  readonly status: number | null;
  /** Bytes of the body as it was transferred, all that arrived of it. */
  readonly bytes: number;
  /** Bytes of the body after decoding. */
  readonly size: number;
  /**
   * When it started, in milliseconds since the Unix epoch: when it was sent, or a connection for it
   * begun. What it waited before that, for its turn to connect, is not the server's doing.
   */
  readonly at: number;
  /**
   * Milliseconds from its start to the last byte of the answer, or to the failure; with a rate,
   * from when it was due.
   */
  readonly ms: number;
  /** Milliseconds from its start to the head of the answer; null if none came. */
  readonly ttfbMs: number | null;
  /**
   * How often it was tried, at least 1 (0 if nothing was sent): what the engine sent again by
   * itself counts too, where the connection was dead or the server did not process it.
   */
  readonly attempts: number;
  /**
   * The first `Location` field of the answer, where its status gives one a meaning (RFC 9110
   * §10.2.2). It is read as UTF-8 where it is that, and else byte by byte.
   */
  readonly location: string | null;
  /** The connection that its answer came over, or should have; null where that is not known. */
  readonly via: ConnectionInfo | null;
  /** Whether that connection had been used before. */
  readonly isReused: boolean;
  /** Which engine made it; null if nothing was made of it. */
  readonly engine: EngineName | null;
  /**
   * The `Retry-After` field of a 429 or 503 (RFC 9110 §10.2.3), as it came; several are joined by
   * `, `; else null.
   */
  readonly retryAfter: string | null;
  /** Whether the same request would fail the same way again, whatever its kind. */
  readonly isPermanent: boolean;
  /** The file of its body, below the folder that bodies are saved in; null if there is none. */
  readonly bodyFile: string | null;
  /** What was captured of it, in the order of the captures; undefined if nothing was. */
  readonly captures: readonly Captured[] | undefined;
  /** For the error `expect`: which expectation, as the user gave it; bounded. */
  readonly expectation: string | undefined;
  readonly error: ErrorKind | undefined;
  /** As {@linkcode Failure.detail}. */
  readonly detail: string | undefined;
  /** As {@linkcode Failure.scope}; undefined for a response. */
  readonly scope: FailureScope | undefined;
  /** As {@linkcode Failure.isUnreachable}. */
  readonly isUnreachable: boolean;
}

/** What an engine knows of a request that has ended, except why it failed. */
export type EndedRequest = Pick<
  Result,
  | "target"
  | "origin"
  | "status"
  | "bytes"
  | "size"
  | "at"
  | "ms"
  | "ttfbMs"
  | "attempts"
  | "location"
  | "via"
  | "isReused"
  | "engine"
  | "retryAfter"
>;

/** The result of a request. All results are made here, so that V8 sees one shape of them. */
export function toResult(
  {
    target,
    origin,
    status,
    bytes,
    size,
    at,
    ms,
    ttfbMs,
    attempts,
    location,
    via,
    isReused,
    engine,
    retryAfter,
  }: EndedRequest,
  failure: Failure | undefined,
): Result {
  return {
    target,
    origin,
    status,
    bytes,
    size,
    at,
    ms,
    ttfbMs,
    attempts,
    location,
    via,
    isReused,
    engine,
    retryAfter,
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

/** The result of a target that no engine was given: it would fail the same way again. */
export function toUnsentResult(
  target: Target,
  { error, detail }: Pick<Failure, "error" | "detail">,
): Result {
  return toResult({
    target,
    origin: undefined,
    status: null,
    bytes: 0,
    size: 0,
    at: Date.now(),
    ms: 0,
    ttfbMs: null,
    attempts: 0,
    location: null,
    via: null,
    isReused: false,
    engine: null,
    retryAfter: null,
  }, { error, detail, scope: undefined, isPermanent: true });
}

/** The name of a way of making requests. */
export type EngineName = "fetch" | "http1";
