/**
 * Why a connection cannot be made, as the system says it: by a code to Node's sockets, in words to
 * native fetch. Both engines give the same failure for the same cause.
 *
 * @module
 */
import type { Failure } from "../result.ts";

/** Something that this machine has run out of. */
export interface Depletion {
  /** What it is, in words, of which there are few. */
  readonly what: string;
  /**
   * Whether the failure tells this only of an address that was reached before: of any other it can
   * mean that there never was a way to it.
   */
  readonly isOfReached: boolean;
}

/** One cause. */
export interface Cause extends Failure {
  /** The codes that Node's sockets and look-ups fail with. */
  readonly codes: readonly string[];
  /** What native fetch of Deno 2.9 says; undefined where that does not tell it from others. */
  readonly pattern?: RegExp;
  /** What has run out, if that is the cause. */
  readonly depletion?: Depletion;
}

const NO_PORT = { what: "no local port is left", isOfReached: true };

/** Patterns are tried in this order: where sockets have run out, a look-up fails for it as well. */
export const CAUSES: readonly Cause[] = [
  {
    codes: ["EMFILE", "ENFILE"],
    pattern: /too many open files/i,
    error: "connect",
    detail: "too many open files",
    scope: "network",
    depletion: { what: "too many open files", isOfReached: false },
  },
  {
    codes: ["ENOBUFS", "ENOMEM"],
    pattern: /no buffer space|cannot allocate memory/i,
    error: "connect",
    detail: "no memory for sockets is left",
    scope: "network",
    depletion: { what: "no memory for sockets is left", isOfReached: false },
  },
  {
    codes: ["EADDRNOTAVAIL"],
    pattern: /cannot assign requested address/i,
    error: "connect",
    detail: "no local port is left",
    scope: "network",
    depletion: NO_PORT,
  },
  {
    // Linux says so of such an address, and Deno's sockets without a local port.
    codes: ["EINVAL"],
    error: "connect",
    detail: "the address cannot be connected to, or no local port is left",
    scope: "network",
    depletion: NO_PORT,
  },
  {
    // Native fetch has other words where no local port is left.
    codes: [],
    pattern: /^tcp connect error: invalid argument/i,
    error: "connect",
    detail: "the address cannot be connected to, or no local port is left",
    scope: "network",
  },
  {
    codes: ["ECONNREFUSED"],
    pattern: /^(tcp connect error: )?connection refused/i,
    error: "refused",
    detail: "connection refused",
    scope: "host",
    isUnreachable: true,
  },
  {
    codes: ["ECONNRESET", "EPIPE"],
    pattern: /^tcp connect error: connection reset/i,
    error: "reset",
    detail: "connection reset while connecting",
    scope: "host",
  },
  {
    codes: ["ENOTFOUND"],
    pattern: /^dns error: .*(name or service not known|nodename nor servname)/i,
    error: "dns",
    detail: "the name does not resolve",
    scope: "host",
    isUnreachable: true,
  },
  {
    codes: ["ENODATA"],
    pattern: /^dns error: .*no address associated with/i,
    error: "dns",
    detail: "the name has no address",
    scope: "host",
    isUnreachable: true,
  },
  {
    codes: ["EAI_AGAIN"],
    pattern: /^dns error: .*temporary failure in name resolution/i,
    error: "dns",
    detail: "the name server does not answer",
    scope: "network",
  },
  {
    codes: ["ETIMEDOUT"],
    error: "timeout",
    detail: "the host does not answer",
    scope: "network",
  },
  {
    codes: ["ENETUNREACH"],
    pattern: /^(tcp connect error: )?network is unreachable/i,
    error: "connect",
    detail: "network unreachable",
    scope: "network",
  },
  {
    codes: ["EHOSTUNREACH"],
    pattern: /^(tcp connect error: )?no route to host/i,
    error: "connect",
    detail: "host unreachable",
    scope: "network",
  },
  {
    codes: ["ENOENT"],
    error: "connect",
    detail: "no such Unix socket",
    scope: "proxy",
    isUnreachable: true,
  },
  { codes: ["EACCES"], error: "connect", detail: "permission denied", scope: "network" },
];

const BY_CODE = new Map(CAUSES.flatMap((cause) => cause.codes.map((code) => [code, cause])));

/** The cause that a code stands for; undefined for a code that is not known. */
export function findCause(code: string): Cause | undefined {
  return BY_CODE.get(code);
}

/**
 * What this machine has run out of, if that is why a connection could not be made.
 *
 * @param wasReached whether there was a connection to the address before
 */
export function findShortage(
  { depletion }: { readonly depletion?: Depletion },
  wasReached: boolean,
): string | undefined {
  if (depletion === undefined || (depletion.isOfReached && !wasReached)) return undefined;
  return depletion.what;
}
