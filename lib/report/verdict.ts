import type { SummaryThreshold } from "../stats/figures.ts";
import type { Unit } from "../stats/snapshot.ts";
import { formatBytes, formatCount, formatMs, formatRate, formatShare } from "../text/format.ts";

const FORMATS: Record<Unit, (value: number) => string> = {
  ms: formatMs,
  s: (seconds) => formatMs(seconds * 1000),
  count: formatCount,
  "%": (percent) => formatShare(percent / 100),
  "/s": (rate) => `${formatRate(rate)}/s`,
  bytes: formatBytes,
};

/**
 * The value that decided over a threshold: `412 ms`. In full where it would read like the bound
 * itself, though it differs: `500.3 ms` for `p99<=500ms`.
 */
export function formatReached(
  { value, bound, unit }: Pick<SummaryThreshold, "value" | "bound" | "unit">,
): string {
  if (value === null) return "nothing was measured";
  const format = FORMATS[unit];
  const text = format(value);
  return value === bound || bound === undefined || text !== format(bound)
    ? text
    : `${value}${unit === "/s" ? "" : " "}${unit}`;
}
