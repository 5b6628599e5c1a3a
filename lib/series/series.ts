import { COLUMN_KEYS, columnAt, type ColumnKey, type COLUMNS } from "./columns.ts";
import type { Interval } from "./interval.ts";

/** The maximum number of intervals of a series; beyond, each two become one. */
export const MAX_POINTS = 400;
/** Milliseconds of an interval at first. */
export const FIRST_MS = 100;

/** Values by interval; null where nothing was measured. */
export type Column = readonly (number | null)[];

/**
 * What a run was like over time: columns of equal length, at most {@linkcode MAX_POINTS}. The k-th
 * value of each is of the time from `startMs + k * intervalMs` on, `intervalMs` long; the last one's
 * time can be shorter.
 */
export type Series =
  & {
    /** Milliseconds. It doubles when the columns are full. */
    readonly intervalMs: number;
    /** Milliseconds since the Unix epoch. */
    readonly startMs: number;
  }
  & {
    readonly [
      /** Of several counters, the columns by name; names that never grew are missing. */
      Key in ColumnKey
    ]: typeof COLUMNS[Key]["kind"] extends "counters" ? Readonly<Record<string, Column>>
      : Column;
  };

/** The columns of intervals; undefined is an interval in which nothing was looked at. */
export function toSeries(
  intervals: readonly (Interval | undefined)[],
  { intervalMs, startMs }: Pick<Series, "intervalMs" | "startMs">,
): Series {
  const toColumn = (key: ColumnKey, name?: string): Column =>
    intervals.map((interval) => interval === undefined ? null : interval.read(key, name));
  const columns = COLUMN_KEYS.map((key) => {
    const column = columnAt(key);
    if (column.kind !== "counters") return [key, toColumn(key)];
    const names = column.names.filter((name) => intervals.some((it) => it?.named[key]?.has(name)));
    return [key, Object.fromEntries(names.map((name) => [name, toColumn(key, name)]))];
  });
  return { intervalMs, startMs, ...Object.fromEntries(columns) };
}
