/**
 * Failures that this program itself decides on.
 *
 * @module
 */
import { parseHost } from "../http/url.ts";
import type { Failure } from "../result.ts";
import type { BodyReadError } from "../target.ts";
import { formatAllow } from "../text/format_allow.ts";
import type { StopReason } from "./deadlines.ts";

/** The limits of a request. */
interface Limits {
  readonly timeoutMs: number;
  readonly idleTimeoutMs?: number | undefined;
}

/** The failure of a request that this program ended. */
export function toStopFailure(why: StopReason, { timeoutMs, idleTimeoutMs }: Limits): Failure {
  switch (why) {
    case "timeout":
      return toTimeout(`no complete response within ${timeoutMs} ms`);
    case "idle":
      return toTimeout(`nothing more of the response for ${idleTimeoutMs} ms`);
    case "cancelled":
      return { error: "cancelled", detail: "the run was interrupted", scope: undefined };
  }
}

/** The failure of a request for which no connection was made in time. */
export function toConnectTimeout(timeoutMs: number): Failure {
  return toTimeout(`no connection within ${timeoutMs} ms`);
}

/** A timeout does not tell whether the host or the network failed, so it counts for the network. */
function toTimeout(detail: string): Failure {
  return { error: "timeout", detail, scope: "network" };
}

/** The failure of a request to a host that this process may not connect to. */
export function toPermissionFailure(url: string): Failure {
  return toUrlFailure(
    `no permission for ${parseHost(url)}: run with --allow-net, or without --deny-net`,
  );
}

/** The failure of a look-up without the permission, which has to be for the name with every port. */
export function toLookUpFailure(hostname: string): Failure {
  const fix = `run with ${formatAllow("net", hostname)}, or use a socks5h proxy`;
  return toUrlFailure(`no permission to look up ${hostname}: ${fix}`);
}

/** The failure of a URL that cannot be requested. */
export function toUrlFailure(detail: string): Failure {
  return { error: "url", detail, scope: undefined };
}

/** The failure of a redirect that cannot be followed. */
export function toRedirectFailure(detail: string): Failure {
  return { error: "redirect", detail, scope: "host" };
}

/** The failure of a response that is not valid HTTP. */
export function toProtocolFailure(detail: string): Failure {
  return { error: "protocol", detail, scope: "host" };
}

/** The failure of a body that is incomplete or malformed. */
export function toBodyFailure(detail: string): Failure {
  return { error: "body", detail, scope: "host" };
}

/** The failure of a body before whose end its connection, or its stream of HTTP/2, has ended. */
export function toCutFailure(detail: string): Failure {
  return { ...toBodyFailure(detail), cut: "disconnect" };
}

/** The failure of a request whose own body cannot be read. It tells nothing about the host. */
export function toUnreadFailure({ message }: BodyReadError): Failure {
  const detail = `the body of the request: ${message}`;
  return { error: "body", detail, scope: undefined, isPermanent: true };
}

/** The failure of a body that is too long. */
export function toLengthFailure(maxBodyBytes: number): Failure {
  const detail = `longer than ${maxBodyBytes} bytes (--max-body)`;
  return { ...toBodyFailure(detail), isPermanent: true, cut: "length" };
}

/** The failure of a body that ended early. @param length the bytes that its response announced */
export function toEarlyEndFailure(bytes: number, length: number): Failure {
  return toCutFailure(`it ended after ${bytes} of ${length} bytes`);
}
