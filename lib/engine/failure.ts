import { parseHost } from "../http/host.ts";
import type { ErrorKind } from "../result.ts";
import type { StopReason } from "./deadlines.ts";
import { describeTlsError } from "./tls_failure.ts";

/** Why a request failed. */
export interface Failure {
  readonly error: ErrorKind;
  readonly detail: string;
  /** Whether another attempt would fail the same way, whatever its kind. */
  readonly isPermanent?: true;
  /** Whether the server said that it did nothing with the request (RFC 9113 §8.7). */
  readonly isUnprocessed?: true;
}

/** The times that a request has. */
interface Limits {
  readonly timeoutMs: number;
  readonly idleTimeoutMs?: number | undefined;
}

/** Why a request failed that was ended from here. */
export function failureOfStop(why: StopReason, { timeoutMs, idleTimeoutMs }: Limits): Failure {
  switch (why) {
    case "timeout":
      return { error: "timeout", detail: `no complete answer within ${timeoutMs} ms` };
    case "idle":
      return { error: "timeout", detail: `nothing more of the answer for ${idleTimeoutMs} ms` };
    case "cancelled":
      return { error: "cancelled", detail: "the run was interrupted" };
  }
}

/** Why a request failed for which no connection was made in time. */
export function failureOfConnectTimeout(timeoutMs: number): Failure {
  return { error: "timeout", detail: `no connection within ${timeoutMs} ms` };
}

/** Why a request was not made to a host that this process may not talk to. */
export function failureOfPermission(url: string): Failure {
  return { error: "url", detail: `no permission for ${parseHost(url)}: run with --allow-net` };
}

/** Why native fetch did not even try (Fetch standard, bad ports). */
function failureOfPort(port: string): Failure {
  const detail = `native fetch does not connect to port ${port}: --engine http1 does`;
  return { error: "url", detail };
}

/** Why a name was not looked up; that takes the permission for it with every port. */
export function failureOfLookup(hostname: string): Failure {
  const mend = `run with --allow-net=${hostname}, or give a socks5h proxy`;
  return { error: "url", detail: `no permission to look up ${hostname}: ${mend}` };
}

/** Why a body was cut off. */
export function failureOfLength(maxBodyBytes: number): Failure {
  return {
    error: "body",
    detail: `longer than ${maxBodyBytes} bytes (--max-body)`,
    isPermanent: true,
  };
}

/** Where the words of native fetch's causes tell of sockets that ran out, ours for it. */
const SHORTAGES: readonly (readonly [RegExp, string])[] = [
  [/too many open files/i, "too many open files"],
  [/no buffer space|cannot allocate memory/i, "no memory for sockets is left"],
  [/cannot assign requested address/i, "no local port is left"],
];

/**
 * What this machine has run out of, if that is why a request failed by native fetch.
 *
 * @param hasConnected whether there was a connection before; if not, there never was a local
 * address for such a destination
 */
export function findShortage(
  { error, detail }: Failure,
  hasConnected: boolean,
): string | undefined {
  if (error !== "connect") return undefined;
  const words = SHORTAGES.find(([pattern]) => pattern.test(detail))?.[1];
  return words === "no local port is left" && !hasConnected ? undefined : words;
}

/**
 * What native fetch says of a request that the server did not process (RFC 9113 §6.8, §8.7), the
 * kind of each, and better words for it. Tried before {@linkcode CAUSES}, since behind the code of a
 * GOAWAY stands what the server sent with it.
 *
 * A GOAWAY, whatever its code, is the error of streams above its last number only; those that it
 * may have processed end with the connection, in other words. The last line is of a request that
 * waited for a free stream.
 */
const UNPROCESSED: readonly (readonly [RegExp, ErrorKind, string?])[] = [
  [/^stream error received: refused stream/, "protocol"],
  [
    /^connection error received: not a result of an error/,
    "reset",
    "the server closed the connection (GOAWAY) before it processed the request",
  ],
  [/^connection error received: /, "protocol"],
  [
    /^runtime dropped the dispatch task/,
    "reset",
    "the server closed the connection before the request had a stream of it",
  ],
];

/**
 * What the causes of native fetch's `TypeError: fetch failed` say, and the kind of each. Tried in
 * this order: where sockets have run out, a name's lookup fails for it as well.
 */
const CAUSES: readonly (readonly [RegExp, ErrorKind])[] = [
  [/^(stream|connection) error (received|detected|sent)|^(protocol|user) error: /, "protocol"],
  ...SHORTAGES.map(([pattern]) => [pattern, "connect"] as const),
  [/^dns error/i, "dns"],
  [/connection refused/i, "refused"],
  [
    /connection (reset|aborted|closed before message completed)|broken pipe|close_notify/i,
    "reset",
  ],
  [/certificate|\btls\b|handshake|corrupt message|fatal alert|peer is incompatible/i, "tls"],
  [/^(tcp|connect|proxy|socks|unsuccessful tunnel)|unreachable|timed out/i, "connect"],
];

/**
 * The kind of what native fetch throws before there is an answer. Seen with Deno 2.9: what went
 * wrong stands in the cause's message behind `client error (Connect): ` or `(SendRequest): `.
 * The URL and the addresses before it are left out.
 */
export function failureOfFetch(error: unknown): Failure {
  if (!(error instanceof Error)) return { error: "protocol", detail: String(error) };
  if (error.name === "NotCapable") {
    return { error: "url", detail: "no permission for its host: run with --allow-net" };
  }
  const blocked = /Requests to port (\d+) are blocked/.exec(error.message)?.[1];
  if (blocked !== undefined) return failureOfPort(blocked);
  if (!(error.cause instanceof Error)) return { error: "url", detail: error.message };
  const message = error.cause.message;
  const parts = /client error \((\w+)\): (.*)$/s.exec(message);
  const detail = parts?.[2] ?? message;
  for (const [pattern, error, words = detail] of UNPROCESSED) {
    if (pattern.test(detail)) return { error, detail: words, isUnprocessed: true };
  }
  const known = CAUSES.find(([pattern]) => pattern.test(detail));
  const kind = known?.[1] ?? (parts?.[1] === "Connect" ? "connect" : "protocol");
  return { error: kind, detail: kind === "tls" ? describeTlsError(detail) : detail };
}

/** What native fetch says of an error of its own; nothing where it is somebody else's. */
function findCause(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
}

/** Whether native fetch had no connection to send a request over. */
export function isUnsent(error: unknown): boolean {
  return /client error \(Connect\)/.test(findCause(error));
}

/**
 * Whether native fetch, told to speak HTTP/2 only, found a server that does not: one that says so
 * in the TLS handshake, or that does not know ALPN and answers as HTTP/1.1. Seen with Deno 2.9.
 */
export function lacksHttp2(error: unknown): boolean {
  return /fatal alert: NoApplicationProtocol|error detected: frame with invalid size/
    .test(findCause(error));
}

/** What went wrong while a body was read; native fetch does not tell a reset from an early end. */
export function failureOfBody(error: unknown): Failure {
  return { error: "body", detail: error instanceof Error ? error.message : String(error) };
}

/** Why a body is not all of its answer. @param length how long the answer said that it is */
export function failureOfEarlyEnd(bytes: number, length: number): Failure {
  return { error: "body", detail: `it ended after ${bytes} of ${length} bytes` };
}
