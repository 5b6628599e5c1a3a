import type { Verdict } from "../stats/snapshot.ts";
import { parseThreshold } from "../stats/thresholds.ts";
import { formatBytes, formatCount, formatMs, formatRate, formatShare } from "../text/format.ts";

const FORMATS: Record<Verdict["unit"], (value: number) => string> = {
  ms: formatMs,
  s: (seconds) => formatMs(seconds * 1000),
  count: formatCount,
  "%": (percent) => formatShare(percent / 100),
  "/s": (rate) => `${formatRate(rate)}/s`,
  bytes: formatBytes,
};

/**
 * The value that decided over a threshold: `412 ms`. In full where it would else read as the bound
 * itself, though it is not: `500.3 ms` for `p99<=500ms`.
 */
export function formatReached(
  { value, bound, unit }: Pick<Verdict, "value" | "bound" | "unit">,
): string {
  if (value === null) return "nothing was measured";
  const format = FORMATS[unit];
  const text = format(value);
  return value === bound || text !== format(bound)
    ? text
    : `${value}${unit === "/s" ? "" : " "}${unit}`;
}

/** What a threshold's number was held against; of a text that is none, nothing. */
export function readBound(threshold: string): number {
  try {
    return parseThreshold(threshold).bound;
  } catch {
    return NaN;
  }
}
