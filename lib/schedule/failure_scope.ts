import type { Result } from "../result.ts";

/** What is said where the name server does not answer, not where it knows no such name. */
const NO_NAME_SERVER = /name server does not answer|temporary failure in name resolution/i;

/** What a proxy answers that is well and cannot reach a host: an error of its own, or by SOCKS. */
const OF_FAR_HOST = /^the proxy answered(:| 5\d\d)/;

/** What is said where nobody is behind a Unix socket, or where the proxy should be. */
const NO_WAY =
  /^(no such Unix socket|the proxy: (connection refused|the name (does not resolve|has no address)))$/;

/** What a result tells of how it failed. */
export type Symptom = Partial<Pick<Result, "error" | "status" | "detail">>;

/**
 * Whether a result speaks of the network, or of the proxy, being down: no host can be asked then.
 *
 * @returns undefined if it speaks of neither
 */
export function isNetworkFailure({ error, status, detail = "" }: Result): boolean | undefined {
  switch (error) {
    case undefined:
    case "expect":
      // Of the proxy (RFC 9110 §15.5.8); its credit may be used up.
      return status === 407;
    case "timeout":
      return true;
    case "connect":
      return !OF_FAR_HOST.test(detail);
    case "dns":
      return NO_NAME_SERVER.test(detail);
    case "url":
    case "cancelled":
      return undefined;
    default:
      // Somebody was there to refuse it.
      return false;
  }
}

/**
 * Whether nobody is where a request goes, be it the host, a proxy or a Unix socket: nobody listens
 * there, or there is no such name.
 */
export function isUnreachable({ error, detail = "" }: Symptom): boolean {
  return error === "refused" || (error === "dns" && !NO_NAME_SERVER.test(detail)) ||
    (error === "connect" && NO_WAY.test(detail));
}

/** Whether a host let hear of itself, if only to refuse: it keeps no request waiting. */
export function isAnswer({ error, status }: Result): boolean {
  return status !== null ||
    (error !== "timeout" && error !== "connect" && error !== "dns" && error !== "cancelled");
}
