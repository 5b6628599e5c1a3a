import type { KnownSummary, SummaryThreshold } from "../stats/summary.ts";
import { formatNumber } from "../text/format.ts";

/**
 * The value that decided over a threshold: `412 ms`. In full where it would read like the bound
 * itself, though it differs: `500.3 ms` for `p99<=500ms`.
 */
export function formatReached(
  { value, bound, unit }: Pick<SummaryThreshold, "value" | "bound" | "unit">,
): string {
  if (value === null) return "nothing was measured";
  const text = formatNumber(value, unit);
  return value === bound || bound === undefined || text !== formatNumber(bound, unit)
    ? text
    : `${value}${unit === "/s" ? "" : " "}${unit}`;
}

/** Whether a run is as it was to be: then the program exits with 0. */
export function isPassed(
  { failed, interrupted, aborted, thresholds = [] }: KnownSummary,
): boolean {
  return failed === 0 && !interrupted && typeof aborted !== "string" &&
    thresholds.every(({ passed }) => passed);
}
