/**
 * What thresholds for latencies have in common.
 *
 * @module
 */
import type { Bounded, Trend } from "./figure.ts";
import { computeRarity, parsePercentile } from "./percentile.ts";
import type { Latency } from "./snapshot.ts";

/** The latencies of a summary, in the order in which they are shown. */
export const LATENCIES: readonly (keyof Latency)[] = [
  "min",
  "mean",
  "p50",
  "p75",
  "p90",
  "p95",
  "p99",
  "p999",
  "p9999",
  "max",
  "stddev",
];

const TRENDS: Readonly<Record<string, Trend>> = { min: "falls", max: "grows", p100: "grows" };

/** What all thresholds for latencies have. */
export const LATENCY_BOUND = {
  unit: "ms",
  trend: (name) => Object.hasOwn(TRENDS, name) ? TRENDS[name] : "settles",
  rarity: (name) => {
    const percentile = parsePercentile(name);
    return percentile === undefined ? 1 : computeRarity(percentile);
  },
} as const satisfies Partial<Bounded>;

/** What to give instead of a name that latencies do not have; undefined if they have it. */
export function adviseLatency(of: string, name: string): string | undefined {
  return (LATENCIES as readonly string[]).includes(name) || parsePercentile(name) !== undefined
    ? undefined
    : `${of}.min, ${of}.mean, ${of}.max, ${of}.stddev or a percentile, like ${of}.p95`;
}
