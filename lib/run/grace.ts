import { formatRequests } from "../text/format.ts";

/** How long requests in flight may continue after the last start, in milliseconds. */
export const GRACE_MS = 5_000;

/** What a run that ends early waits for, in words; empty if it does not wait. */
export function formatWait(inFlight: number): string {
  if (inFlight === 0) return "";
  return `waiting up to ${GRACE_MS / 1000} s for ${formatRequests(inFlight)} in flight`;
}
