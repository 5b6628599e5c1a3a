/**
 * Why native fetch failed, as far as its messages tell. Seen with Deno 2.9.
 *
 * @module
 */
import type { ErrorKind, Failure, FailureScope } from "../../result.ts";
import { CAUSES, type Depletion } from "../causes.ts";
import { toBodyFailure, toUrlFailure } from "../failure.ts";
import { describeStrictTlsError } from "../tls_failure.ts";

/** Why a request failed, and what the engine can do about it. */
export interface FetchFailure extends Failure {
  /** Whether the server announced that it did not process the request (RFC 9113 §8.7). */
  readonly isUnprocessed?: true;
  /** What this machine has run out of, if that is why. */
  readonly depletion?: Depletion;
}

/** A message of native fetch, and what it means. */
interface Words {
  readonly pattern: RegExp;
  readonly error: ErrorKind;
  readonly scope: FailureScope;
  /** Better words. @default the message */
  readonly detail?: string;
  readonly isUnreachable?: boolean;
  readonly isUnprocessed?: true;
  readonly depletion?: Depletion;
}

/**
 * Tried in this order. Requests that the server did not process (RFC 9113 §6.8, §8.7) come first,
 * because text of the server follows the code of a GOAWAY. A GOAWAY, whatever its code, is the error
 * only of streams above its last number. Streams that the server may have processed end with the
 * connection, with another message.
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
    // The error of a request that waited for a free stream.
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
    detail: "the server sent something that is not an HTTP response",
  },
];

/**
 * The failure for what native fetch threw before there was a response. The cause's message tells it
 * after `client error (Connect): ` or `(SendRequest): `; the URL and the addresses before that are
 * left out.
 */
export function toFetchFailure(error: unknown): FetchFailure {
  if (!(error instanceof Error)) {
    return { error: "protocol", detail: String(error), scope: "host" };
  }
  if (error.name === "NotCapable") {
    return toUrlFailure("no permission for its host: run with --allow-net");
  }
  const blocked = /Requests to port (\d+) are blocked/.exec(error.message)?.[1];
  if (blocked !== undefined) return toPortFailure(blocked);
  if (!(error.cause instanceof Error)) return toUrlFailure(error.message);
  const { message } = error.cause;
  const parts = /client error \((\w+)\): (.*)$/s.exec(message);
  const said = parts?.[2] ?? message;
  const words = WORDS.find(({ pattern }) => pattern.test(said));
  if (words === undefined) {
    return parts?.[1] === "Connect"
      ? { error: "connect", detail: said, scope: "network" }
      : { error: "protocol", detail: said, scope: "host" };
  }
  const { error: kind, scope, detail = kind === "tls" ? describeStrictTlsError(said) : said } =
    words;
  const { isUnreachable, isUnprocessed, depletion } = words;
  return { error: kind, detail, scope, isUnreachable, isUnprocessed, depletion };
}

/** The failure of a port that native fetch does not connect to (Fetch standard, bad ports). */
function toPortFailure(port: string): Failure {
  return toUrlFailure(`native fetch does not connect to port ${port}: --engine http1 does`);
}

/** The failure of reading a body. Native fetch does not tell a reset from an early end. */
export function toReadingFailure(error: unknown): Failure {
  const said = error instanceof Error ? error.message : String(error);
  const isLost = said.startsWith("error reading a body from connection");
  return toBodyFailure(
    isLost ? "the connection ended before the end of the body, or the body is malformed" : said,
  );
}

/** Whether native fetch had no connection to send a request over. */
export function isUnsent(error: unknown): boolean {
  return /client error \(Connect\)/.test(readCause(error));
}

/**
 * Whether native fetch, restricted to HTTP/2, found a server that does not speak it. Such a server
 * tells so in the TLS handshake, or does not know ALPN and responds in HTTP/1.1.
 */
export function lacksHttp2(error: unknown): boolean {
  return /fatal alert: NoApplicationProtocol|error detected: frame with invalid size/
    .test(readCause(error));
}

/** The message of the cause of native fetch's own error; empty for any other error. */
function readCause(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
}
