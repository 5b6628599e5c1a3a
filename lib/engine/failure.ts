/**
 * Why a request failed, where this program itself says so.
 *
 * @module
 */
import { parseHost } from "../http/host.ts";
import type { Failure } from "../result.ts";
import type { StopReason } from "./deadlines.ts";

/** The times that a request has. */
interface Limits {
  readonly timeoutMs: number;
  readonly idleTimeoutMs?: number | undefined;
}

/** Why a request failed that was ended from here. */
export function failureOfStop(why: StopReason, { timeoutMs, idleTimeoutMs }: Limits): Failure {
  switch (why) {
    case "timeout":
      return toTimeout(`no complete answer within ${timeoutMs} ms`);
    case "idle":
      return toTimeout(`nothing more of the answer for ${idleTimeoutMs} ms`);
    case "cancelled":
      return { error: "cancelled", detail: "the run was interrupted", scope: undefined };
  }
}

/** Why a request failed for which no connection was made in time. */
export function failureOfConnectTimeout(timeoutMs: number): Failure {
  return toTimeout(`no connection within ${timeoutMs} ms`);
}

/** Whose fault it is that nothing came, nobody knows: the network is as likely as the host. */
function toTimeout(detail: string): Failure {
  return { error: "timeout", detail, scope: "network" };
}

/** Why a request was not made to a host that this process may not talk to. */
export function failureOfPermission(url: string): Failure {
  return failureOfUrl(`no permission for ${parseHost(url)}: run with --allow-net`);
}

/** Why a name was not looked up; that takes the permission for it with every port. */
export function failureOfLookup(hostname: string): Failure {
  const mend = `run with --allow-net=${hostname}, or give a socks5h proxy`;
  return failureOfUrl(`no permission to look up ${hostname}: ${mend}`);
}

/** Why a URL cannot be requested. */
export function failureOfUrl(detail: string): Failure {
  return { error: "url", detail, scope: undefined };
}

/** Why a redirect was not followed. */
export function failureOfRedirect(detail: string): Failure {
  return { error: "redirect", detail, scope: "host" };
}

/** Why what came is not HTTP as it should be. */
export function failureOfProtocol(detail: string): Failure {
  return { error: "protocol", detail, scope: "host" };
}

/** Why a body is not complete, or malformed. */
export function failureOfBody(detail: string): Failure {
  return { error: "body", detail, scope: "host" };
}

/** Why a body was cut off. */
export function failureOfLength(maxBodyBytes: number): Failure {
  const detail = `longer than ${maxBodyBytes} bytes (--max-body)`;
  return { ...failureOfBody(detail), isPermanent: true };
}

/** Why a body is incomplete. @param length how long the response said that the body is, in bytes */
export function failureOfEarlyEnd(bytes: number, length: number): Failure {
  return failureOfBody(`it ended after ${bytes} of ${length} bytes`);
}
