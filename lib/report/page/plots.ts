import { COLUMN_KEYS, columnAt, type SeriesColumn } from "../../series/columns.ts";
import type { Column, Series } from "../../series/series.ts";
import type { PageData } from "./data.ts";

/** A plot over the time that a run took. */
export interface Plot {
  /** The name that the rows of the series' columns give. */
  readonly name: string;
  readonly title: string;
  /** The numbers of the colors of its lines; with more lines they repeat. */
  readonly colors: readonly [number, ...number[]];
  /** Whether the area below its lines is filled. */
  readonly isFilled?: boolean;
  /** Whether its values stand on a logarithmic axis. */
  readonly isLog?: boolean;
}

/** The plots over time, in the order of the page. */
export const PLOTS: readonly Plot[] = [
  { name: "rate", title: "Requests a second", colors: [1], isFilled: true },
  { name: "latency", title: "Latency", colors: [8, 4, 3, 1], isLog: true },
  { name: "inFlight", title: "In flight", colors: [5], isFilled: true },
  { name: "failed", title: "Failures a second, by kind", colors: [4, 3, 5, 1, 6, 7, 2, 8] },
  { name: "memory", title: "Memory", colors: [6], isFilled: true },
];

/** What the script of a page draws. */
export interface PlotData {
  readonly intervalMs?: number;
  readonly startMs?: number;
  /** The columns of the plots over time; those of several counters as in `failed.timeout`. */
  readonly columns?: Readonly<Record<string, Column>>;
  readonly plots?: Readonly<Record<string, DrawnPlot>>;
  /** The highest value of a slot in us and how many values are in it, one slot after the other. */
  readonly histogram?: readonly number[];
}

interface DrawnPlot extends Pick<Plot, "isFilled" | "isLog"> {
  readonly unit: SeriesColumn["unit"];
  /** At least one. */
  readonly lines: readonly {
    readonly column: string;
    readonly label: string;
    readonly color: number;
  }[];
}

/** The plots for which a series has values, in the order of the page. */
export function listPlots(series: Series): Plot[] {
  const columns = toColumns(series);
  return PLOTS.filter(({ name }) =>
    columns.some(({ plot, values }) => plot === name && isMeasured(values))
  );
}

/** What is drawn of a page's data, no more exact than can be seen. */
export function toPlotData({ series, histogram }: PageData): PlotData {
  return {
    ...histogram === undefined || histogram.length === 0 ? {} : { histogram: histogram.flat() },
    ...series === undefined ? {} : drawSeries(series),
  };
}

function drawSeries(series: Series): PlotData {
  const shown = listPlots(series);
  const columns = toColumns(series).filter(({ plot }) => shown.some(({ name }) => name === plot));
  const plots = shown.map(({ name, colors, isFilled, isLog }): [string, DrawnPlot] => {
    const own = columns.filter(({ plot }) => plot === name);
    const lines = own.map(({ key, label }, k) => ({
      column: key,
      label,
      color: colors[k % colors.length],
    }));
    return [name, { unit: own[0].unit, isFilled, isLog, lines }];
  });
  return {
    intervalMs: series.intervalMs,
    startMs: Math.round(series.startMs),
    columns: Object.fromEntries(columns.map(({ key, values }) => [key, round(values)])),
    plots: Object.fromEntries(plots),
  };
}

interface PlottedColumn extends Pick<SeriesColumn, "unit" | "label" | "plot"> {
  readonly key: string;
  readonly values: Column;
}

/** The columns of a series; those of several counters one by one. */
function toColumns(series: Series): PlottedColumn[] {
  return COLUMN_KEYS.flatMap((key): PlottedColumn[] => {
    const { unit, label, plot } = columnAt(key);
    const column: Column | Readonly<Record<string, Column>> = series[key];
    if (isColumn(column)) return [{ unit, label, plot, key, values: column }];
    return Object.entries(column).map(([name, values]) => ({
      unit,
      label: `${name}${label}`,
      plot,
      key: `${key}.${name}`,
      values,
    }));
  });
}

function isColumn(column: Column | Readonly<Record<string, Column>>): column is Column {
  return Array.isArray(column);
}

function isMeasured(column: Column): boolean {
  return column.some((value) => value !== null);
}

function round(column: Column): Column {
  return column.map((value) => value === null ? null : Number(value.toPrecision(4)));
}
