/**
 * Why a connection could not be made, in words.
 *
 * @module
 */
import type { ErrorKind } from "../result.ts";
import { type Failure, failureOfConnectTimeout, failureOfLookup } from "./failure.ts";
import type { ConnectError } from "./http1/connection.ts";
import { describeTlsError } from "./tls_failure.ts";

/** The codes that Node's sockets and look-ups fail with, the kind of each, and words for it. */
const CODES: Readonly<Record<string, readonly [ErrorKind, string]>> = {
  ECONNREFUSED: ["refused", "connection refused"],
  ECONNRESET: ["reset", "connection reset while connecting"],
  EPIPE: ["reset", "connection reset while connecting"],
  ENOTFOUND: ["dns", "the name does not resolve"],
  EAI_AGAIN: ["dns", "the name server does not answer"],
  ENODATA: ["dns", "the name has no address"],
  ETIMEDOUT: ["timeout", "the host does not answer"],
  ENETUNREACH: ["connect", "network unreachable"],
  EHOSTUNREACH: ["connect", "host unreachable"],
  ENOENT: ["connect", "no such Unix socket"],
  EACCES: ["connect", "permission denied"],
  EMFILE: ["connect", "too many open files"],
  ENFILE: ["connect", "too many open files"],
  ENOBUFS: ["connect", "no memory for sockets is left"],
  ENOMEM: ["connect", "no memory for sockets is left"],
  EADDRNOTAVAIL: ["connect", "no local port is left"],
  // Linux says so of such an address, and Deno without a local port.
  EINVAL: ["connect", "the address cannot be connected to, or no local port is left"],
};

/** Addresses that mean something on one link only (RFC 4291 §2.5.6). */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/i;

/** What is said of one of the codes that are known. */
export function wordsOfCode(code: string): string {
  return CODES[code][1];
}

/** What else is known of a connection that could not be made. */
interface Circumstances {
  readonly connectTimeoutMs: number;
  /** Whether there was an address to connect to. */
  readonly hasAddress: boolean;
  /** The URL's host. */
  readonly hostname: string;
  readonly isProxied: boolean;
}

/** @param error undefined where the host has no address */
export function failureOfConnect(
  error: ConnectError | undefined,
  { connectTimeoutMs, hasAddress, hostname, isProxied }: Circumstances,
): Failure {
  if (error === undefined) return { error: "dns", detail: CODES.ENODATA[1] };
  const { code = "", message, isTls, isOfProxy, refusal } = error;
  if (code === "timeout") {
    const { error, detail } = failureOfConnectTimeout(connectTimeoutMs);
    return { error, detail: hasAddress ? detail : `${detail}: ${CODES.EAI_AGAIN[1]}` };
  }
  if (code === "EPERM" && isProxied && !isOfProxy) return failureOfLookup(hostname);
  if (refusal !== undefined) return { error: "connect", detail: `the proxy ${refusal.message}` };
  if (code === "EINVAL" && !isOfProxy && LINK_LOCAL.test(hostname)) {
    const detail = "a link-local address needs a zone (as in %eth0), which no URL can name";
    return { error: "connect", detail };
  }
  const known = CODES[code];
  // Whatever it is: it says nothing of the host.
  if (isOfProxy) {
    return { error: "connect", detail: `the proxy: ${known?.[1] ?? describeTlsError(message)}` };
  }
  if (known !== undefined && !(isTls && known[0] === "connect")) {
    return { error: known[0], detail: known[1] };
  }
  return isTls
    ? { error: "tls", detail: describeTlsError(message) }
    : { error: "connect", detail: message };
}

/** Codes of what this machine can run out of. */
const SHORTAGES = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/**
 * What this machine has run out of, if that is why it cannot connect. Without a local port Deno
 * says `EINVAL`; to an address that was never reached it may be for want of a local address.
 */
export function shortageOfConnect(
  { code = "" }: ConnectError,
  wasReached: boolean,
): string | undefined {
  if (SHORTAGES.has(code)) return CODES[code][1];
  if (wasReached && (code === "EINVAL" || code === "EADDRNOTAVAIL")) return CODES.EADDRNOTAVAIL[1];
}
