/**
 * Why a connection cannot be made, as the system tells it: to Node's sockets by a code, to native
 * fetch in words. Both engines report the same failure for the same cause.
 *
 * @module
 */
import type { Failure } from "../result.ts";

/** A resource that this machine has run out of. */
export interface Depletion {
  /** Its name, in words. */
  readonly what: string;
  /**
   * Whether the failure tells this only for an address that was reached before. For any other
   * address it can mean that it cannot be reached at all.
   */
  readonly isOfReached: boolean;
}

/** A cause of failures. */
export interface Cause extends Failure {
  /** The codes that Node's sockets and look-ups fail with. */
  readonly codes: readonly string[];
  /** The words of native fetch in Deno 2.9; undefined if they do not tell this cause from others. */
  readonly pattern?: RegExp;
  /** The resource that has run out, if that is the cause. */
  readonly depletion?: Depletion;
}

const NO_PORT = { what: "no local port is left", isOfReached: true };

/** Patterns are tried in this order: look-ups fail as well when sockets have run out. */
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
    // From Linux for an invalid address, and from Deno's sockets if no local port is left.
    codes: ["EINVAL"],
    error: "connect",
    detail: "the address cannot be connected to, or no local port is left",
    scope: "network",
    depletion: NO_PORT,
  },
  {
    // Native fetch has other words if no local port is left.
    codes: [],
    pattern: /^tcp connect error: invalid argument/i,
    error: "connect",
    detail: "the address cannot be connected to, or no local port is left",
    scope: "network",
  },
  {
    // A Unix socket refuses at once what TCP would let wait.
    codes: ["EAGAIN"],
    error: "connect",
    detail: "the queue of the Unix socket is full",
    scope: "proxy",
    depletion: { what: "the queue of the Unix socket is full", isOfReached: false },
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

/** The cause that a code stands for; undefined for an unknown code. */
export function findCause(code: string): Cause | undefined {
  return BY_CODE.get(code);
}

/**
 * The resource that this machine has run out of, if that is why a connection could not be made.
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
