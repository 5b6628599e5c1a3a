import { formatCount } from "../text/format.ts";

/** How long requests in flight may continue after the last start, in milliseconds. */
export const GRACE_MS = 5_000;

/** What a run that ends early waits for, in words; empty if it does not wait. */
export function formatWait(inFlight: number): string {
  if (inFlight === 0) return "";
  const requests = `${formatCount(inFlight)} ${inFlight === 1 ? "request" : "requests"}`;
  return `waiting up to ${GRACE_MS / 1000} s for ${requests} in flight`;
}
