import type { Column } from "../../series/series.ts";
import type { PageData } from "./data.ts";

/** What the script of a page draws. */
export interface PlotData {
  readonly intervalMs?: number;
  readonly startMs?: number;
  /** Columns by name; failures by kind apart from them. */
  readonly columns?: Readonly<Record<string, Column>>;
  readonly failed?: Readonly<Record<string, Column>>;
  /** Highest values in us and how many, one after the other. */
  readonly histogram?: readonly number[];
}

/** Of a page's data, what is drawn, no more exact than can be seen. */
export function plotData({ series, histogram }: PageData): PlotData {
  return {
    ...histogram === undefined || histogram.length === 0 ? {} : { histogram: histogram.flat() },
    ...series === undefined ? {} : {
      intervalMs: series.intervalMs,
      startMs: Math.round(series.startMs),
      columns: {
        rate: short(series.rate),
        p50: short(series.p50),
        p90: short(series.p90),
        p99: short(series.p99),
        max: short(series.max),
        inFlight: short(series.inFlight),
        rssBytes: short(series.rssBytes),
      },
      failed: Object.fromEntries(
        Object.entries(series.failed).map(([kind, column]) => [kind, short(column)]),
      ),
    },
  };
}

function short(column: Column): Column {
  return column.map((value) => value === null ? null : Number(value.toPrecision(4)));
}
