/**
 * Why a connection could not be made.
 *
 * @module
 */
import type { Failure } from "../../result.ts";
import { type Cause, findCause, findShortage } from "../causes.ts";
import { toConnectTimeout, toLookUpFailure } from "../failure.ts";
import type { IpVersion } from "../../http/ip_version.ts";
import type { ConnectError } from "./link.ts";

/** Addresses that mean something on one link only (RFC 4291 §2.5.6). */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/i;

/** What else is known about a connection that could not be made. */
interface Circumstances {
  readonly connectTimeoutMs: number;
  /** Whether there was an address to connect to. */
  readonly hasAddress: boolean;
  /** The URL's host. */
  readonly hostname: string;
  readonly isProxied: boolean;
  /** The only version of IP to connect by. */
  readonly ipVersion?: IpVersion | undefined;
}

/** The cause that a code stands for, where addresses of one version of IP are asked for. */
function findCauseWith(code: string, version: IpVersion | undefined): Cause | undefined {
  const cause = findCause(code);
  if (version === undefined || (code !== "ENODATA" && code !== "ENOTFOUND")) return cause;
  const detail = `the host has no IPv${version} address, and only those are used`;
  return { ...cause!, detail };
}

/** The failure of a request without a connection. @param error undefined if the host has no address */
export function toConnectFailure(
  error: ConnectError | undefined,
  { connectTimeoutMs, hasAddress, hostname, isProxied, ipVersion }: Circumstances,
): Failure {
  if (error === undefined) return findCauseWith("ENODATA", ipVersion)!;
  const { code = "", message, isTls, isOfProxy, refusal } = error;
  if (code === "timeout") {
    const failure = toConnectTimeout(connectTimeoutMs);
    if (hasAddress) return failure;
    return { ...failure, detail: `${failure.detail}: ${findCause("EAI_AGAIN")!.detail}` };
  }
  if (code === "EPERM" && isProxied && !isOfProxy) return toLookUpFailure(hostname);
  if (refusal !== undefined) {
    return { error: "connect", detail: `the proxy ${refusal.message}`, scope: refusal.scope };
  }
  if (code === "EINVAL" && !isOfProxy && LINK_LOCAL.test(hostname)) {
    const detail = "a link-local address needs a zone (as in %eth0), which no URL can name";
    return { error: "connect", detail, scope: "host" };
  }
  const cause = findCauseWith(code, ipVersion);
  // Whatever the cause, it tells nothing about the host.
  if (isOfProxy) {
    const detail = `the proxy: ${cause?.detail ?? message}`;
    return { error: "connect", detail, scope: "proxy", isUnreachable: cause?.isUnreachable };
  }
  if (cause !== undefined && !(isTls && cause.error === "connect")) return cause;
  return isTls
    ? { error: "tls", detail: message, scope: "host" }
    : { error: "connect", detail: message, scope: "network" };
}

/** What this machine has run out of, if that is why it cannot connect. */
export function findConnectShortage(
  { code = "" }: Pick<ConnectError, "code">,
  wasReached: boolean,
): string | undefined {
  return findShortage(findCause(code) ?? {}, wasReached);
}
