import { ERROR_KINDS } from "../result.ts";
import type { Column, Series } from "./series.ts";

/** Most intervals; beyond, each two become one. */
export const MAX_POINTS = 400;
/** How long an interval is at first. */
export const FIRST_MS = 100;
/** Those of the latencies that a series has, 0 to 100; the last is the greatest. */
export const PERCENTILES = [50, 90, 99, 100] as const;

/** What a series tells of an interval. */
export interface IntervalFigures {
  /** Milliseconds that were looked at. */
  readonly ms: number;
  readonly requests: number;
  /** By kind of error. */
  readonly failed: ReadonlyMap<string, number>;
  readonly inFlight: number | null;
  readonly rssBytes: number | null;
  /** At {@linkcode PERCENTILES}, in milliseconds; undefined or null where there are none. */
  readonly latencies: readonly (number | null)[] | undefined;
}

/** The columns of intervals; undefined is one that nothing is known of. */
export function toSeries(
  intervals: readonly (IntervalFigures | undefined)[],
  { intervalMs, startMs }: Pick<Series, "intervalMs" | "startMs">,
): Series {
  const column = (of: (interval: IntervalFigures) => number | null): Column =>
    intervals.map((interval) => interval === undefined ? null : of(interval));
  const aSecond = (count: number, { ms }: IntervalFigures): number | null =>
    ms > 0 ? count / ms * 1000 : null;
  const [p50, p90, p99, max] = PERCENTILES
    .map((_, k) => column(({ latencies }) => latencies?.[k] ?? null));
  const kinds = ERROR_KINDS.filter((kind) => intervals.some((it) => it?.failed.has(kind)));
  return {
    intervalMs,
    startMs,
    rate: column((interval) => aSecond(interval.requests, interval)),
    p50,
    p90,
    p99,
    max,
    inFlight: column(({ inFlight }) => inFlight),
    rssBytes: column(({ rssBytes }) => rssBytes),
    failed: Object.fromEntries(kinds.map((kind) => [
      kind,
      column((interval) => aSecond(interval.failed.get(kind) ?? 0, interval)),
    ])),
  };
}
