/**
 * Percentiles by name: `p98`, `p99.95`.
 *
 * @module
 */

/** The short names of two: wrk and this program's summary have them without a point. */
const SHORT: Readonly<Record<string, number>> = { p999: 99.9, p9999: 99.99 };
const FORM = /^p(\d{1,2}(?:\.\d{1,6})?|100)$/;

/**
 * Reads the name of a percentile, with at most six decimals.
 *
 * @returns more than 0, up to 100; undefined if the name is not one
 */
export function parsePercentile(name: string): number | undefined {
  const percentile = Object.hasOwn(SHORT, name) ? SHORT[name] : Number(FORM.exec(name)?.[1]);
  return percentile > 0 ? percentile : undefined;
}

/**
 * How many times as many values as for `p99` it takes to believe a percentile: fewer of them decide
 * `p99.9`.
 *
 * @param percentile more than 0 and less than 100
 */
export function computeRarity(percentile: number): number {
  return Math.max(1, Math.round(1 / Math.min(percentile, 100 - percentile)));
}
