/**
 * Why native fetch failed, as far as its words tell. Seen with Deno 2.9.
 *
 * @module
 */
import type { ErrorKind, Failure, FailureScope } from "../../result.ts";
import { CAUSES, type Depletion } from "../causes.ts";
import { failureOfBody, failureOfUrl } from "../failure.ts";
import { describeTlsError } from "../tls_failure.ts";

/** Why a request failed, and what the engine may do about it. */
export interface FetchFailure extends Failure {
  /** Whether the server said that it did nothing with the request (RFC 9113 §8.7). */
  readonly isUnprocessed?: true;
  /** What this machine has run out of, if that is why. */
  readonly depletion?: Depletion;
}

/** What native fetch says, and what it means. */
interface Words {
  readonly pattern: RegExp;
  readonly error: ErrorKind;
  readonly scope: FailureScope;
  /** Better words. @default what native fetch says */
  readonly detail?: string;
  readonly isUnreachable?: boolean;
  readonly isUnprocessed?: true;
  readonly depletion?: Depletion;
}

/**
 * Tried in this order. What the server did not process (RFC 9113 §6.8, §8.7) comes first, since
 * behind the code of a GOAWAY stands what the server sent with it. A GOAWAY, whatever its code, is
 * the error of streams above its last number only; those that the server may have processed end
 * with the connection, in other words.
 */
const WORDS: readonly Words[] = [
  {
    pattern: /^stream error received: refused stream/,
    error: "protocol",
    scope: "host",
    isUnprocessed: true,
  },
  {
    pattern: /^connection error received: not a result of an error/,
    error: "reset",
    scope: "host",
    detail: "the server closed the connection (GOAWAY) before it processed the request",
    isUnprocessed: true,
  },
  {
    pattern: /^connection error received: /,
    error: "protocol",
    scope: "host",
    isUnprocessed: true,
  },
  {
    // Of a request that waited for a free stream.
    pattern: /^runtime dropped the dispatch task/,
    error: "reset",
    scope: "host",
    detail: "the server closed the connection before the request had a stream of it",
    isUnprocessed: true,
  },
  {
    pattern: /^(stream|connection) error (received|detected|sent)|^(protocol|user) error: /,
    error: "protocol",
    scope: "host",
  },
  ...CAUSES.filter((cause): cause is typeof cause & Words => cause.pattern !== undefined),
  { pattern: /^dns error/i, error: "dns", scope: "host", isUnreachable: true },
  { pattern: /connection refused/i, error: "refused", scope: "host", isUnreachable: true },
  {
    pattern: /^connection reset by peer/i,
    error: "reset",
    scope: "host",
    detail: "the server reset the connection",
  },
  {
    pattern: /^connection closed before message completed/,
    error: "reset",
    scope: "host",
    detail: "the server closed the connection",
  },
  {
    pattern: /connection (reset|aborted|closed before message completed)|broken pipe|close_notify/i,
    error: "reset",
    scope: "host",
  },
  {
    pattern: /certificate|\btls\b|handshake|corrupt message|fatal alert|peer is incompatible/i,
    error: "tls",
    scope: "host",
  },
  {
    pattern: /^(tcp|connect|proxy|socks|unsuccessful tunnel)|unreachable|timed out/i,
    error: "connect",
    scope: "network",
  },
  {
    pattern: /^(invalid HTTP version parsed|received unexpected message from connection)/,
    error: "protocol",
    scope: "host",
    detail: "the server sent something that is not an answer by HTTP",
  },
];

/**
 * Why native fetch threw before there was a response. What went wrong stands in the cause's message
 * behind `client error (Connect): ` or `(SendRequest): `; the URL and the addresses before it are
 * left out.
 */
export function failureOfFetch(error: unknown): FetchFailure {
  if (!(error instanceof Error)) {
    return { error: "protocol", detail: String(error), scope: "host" };
  }
  if (error.name === "NotCapable") {
    return failureOfUrl("no permission for its host: run with --allow-net");
  }
  const blocked = /Requests to port (\d+) are blocked/.exec(error.message)?.[1];
  if (blocked !== undefined) return failureOfPort(blocked);
  if (!(error.cause instanceof Error)) return failureOfUrl(error.message);
  const { message } = error.cause;
  const parts = /client error \((\w+)\): (.*)$/s.exec(message);
  const said = parts?.[2] ?? message;
  const words = WORDS.find(({ pattern }) => pattern.test(said));
  if (words === undefined) {
    return parts?.[1] === "Connect"
      ? { error: "connect", detail: said, scope: "network" }
      : { error: "protocol", detail: said, scope: "host" };
  }
  const { error: kind, scope, detail = kind === "tls" ? describeTlsError(said) : said } = words;
  const { isUnreachable, isUnprocessed, depletion } = words;
  return { error: kind, detail, scope, isUnreachable, isUnprocessed, depletion };
}

/** Why native fetch did not even try (Fetch standard, bad ports). */
function failureOfPort(port: string): Failure {
  return failureOfUrl(`native fetch does not connect to port ${port}: --engine http1 does`);
}

/** Why a body could not be read; native fetch does not tell a reset from an early end. */
export function failureOfReading(error: unknown): Failure {
  const said = error instanceof Error ? error.message : String(error);
  const isLost = said.startsWith("error reading a body from connection");
  return failureOfBody(
    isLost ? "the connection ended before the end of the body, or the body is malformed" : said,
  );
}

/** Whether native fetch had no connection to send a request over. */
export function isUnsent(error: unknown): boolean {
  return /client error \(Connect\)/.test(readCause(error));
}

/**
 * Whether native fetch, told to speak HTTP/2 only, found a server that does not: one that says so
 * in the TLS handshake, or that does not know ALPN and answers as HTTP/1.1.
 */
export function lacksHttp2(error: unknown): boolean {
  return /fatal alert: NoApplicationProtocol|error detected: frame with invalid size/
    .test(readCause(error));
}

/** What native fetch says of an error of its own; empty where it is somebody else's. */
function readCause(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
}
