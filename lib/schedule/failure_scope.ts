import type { Result } from "../result.ts";

/** What a result tells about how it failed. */
export type Symptom = Partial<Pick<Result, "error" | "status" | "detail" | "isUnreachable">>;

/**
 * Whether a result tells that the network, or the proxy, is down: no host can be asked then.
 *
 * @returns undefined if it tells nothing about either
 */
export function isNetworkFailure({ error, status, scope }: Result): boolean | undefined {
  // A proxy's own response (RFC 9110 §15.5.8); its credit may be used up.
  if (error === undefined || error === "expect") return status === 407;
  return scope === undefined ? undefined : scope !== "host";
}

/** Whether a host responded in any way, if only to refuse: it does not keep requests waiting. */
export function hasResponded({ error, status }: Result): boolean {
  return status !== null ||
    (error !== "timeout" && error !== "connect" && error !== "dns" && error !== "cancelled");
}
