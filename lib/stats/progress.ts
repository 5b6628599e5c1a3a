import type { Snapshot } from "./snapshot.ts";

/** The share of its requests that a run has done, 0 to 1; undefined if nobody knows it. */
export function computeProgress(
  { requests, total, progress }: Pick<Snapshot, "requests" | "total" | "progress">,
): number | undefined {
  return total !== undefined && total > 0 ? Math.min(1, requests / total) : progress;
}
