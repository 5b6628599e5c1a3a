/**
 * What a run is like over time, as one table: a row for each column. The page's plots over time, the
 * curves of the live view and the recent rate are taken from it.
 *
 * @module
 */
import { ERROR_KINDS, type ErrorKind } from "../result.ts";
import type { Snapshot } from "../stats/snapshot.ts";

/**
 * How a column is taken from an interval, and how those of two intervals become one:
 *
 * ```text
 * counter      how much it grew, a second                             growths are added
 * counters     the same of each name; names that never grew are missing
 * gauge        the greatest value that was seen                       the greater one
 * percentile   of the latencies of responses as expected, in ms       latencies are put together
 * ```
 */
type Source =
  | { readonly kind: "counter"; readonly read: (snapshot: Snapshot) => number }
  | {
    readonly kind: "counters";
    readonly names: readonly string[];
    readonly read: (snapshot: Snapshot, name: string) => number;
  }
  | { readonly kind: "gauge"; readonly read: (snapshot: Snapshot) => number }
  | { readonly kind: "percentile"; /** 0 to 100 */ readonly percentile: number };

/** A row of {@linkcode COLUMNS}. */
export type SeriesColumn = Source & {
  /** Counters are counted by the second. */
  readonly unit: "count" | "ms" | "bytes";
  /** The name of its line in a plot; of several counters what follows the name of each. */
  readonly label: string;
  /** The plot of the page that shows it, by its name; undefined if none does. */
  readonly plot: string | undefined;
};

/** The columns by key. Those of one plot are drawn in this order, each over the ones before it. */
export const COLUMNS = {
  rate: {
    kind: "counter",
    read: ({ requests }: Snapshot): number => requests,
    unit: "count",
    label: "requests/s",
    plot: "rate",
  },
  max: { kind: "percentile", percentile: 100, unit: "ms", label: "max", plot: "latency" },
  p99: { kind: "percentile", percentile: 99, unit: "ms", label: "p99", plot: "latency" },
  p90: { kind: "percentile", percentile: 90, unit: "ms", label: "p90", plot: "latency" },
  p50: { kind: "percentile", percentile: 50, unit: "ms", label: "p50", plot: "latency" },
  // Of records, how many there were on average.
  inFlight: {
    kind: "gauge",
    read: ({ inFlight }: Snapshot): number => inFlight,
    unit: "count",
    label: "in flight",
    plot: "inFlight",
  },
  failed: {
    kind: "counters",
    names: ERROR_KINDS,
    read: ({ errors }: Snapshot, name: string): number => errors[name as ErrorKind]?.count ?? 0,
    unit: "count",
    label: "/s",
    plot: "failed",
  },
  rssBytes: {
    kind: "gauge",
    read: ({ rssBytes }: Snapshot): number => rssBytes,
    unit: "bytes",
    label: "resident",
    plot: "memory",
  },
  // Seconds of processor time a second: the cores that are at work. The live view shows it.
  cpu: {
    kind: "counter",
    read: ({ cpuSeconds }: Snapshot): number => cpuSeconds,
    unit: "count",
    label: "cores",
    plot: undefined,
  },
} as const satisfies Record<string, SeriesColumn>;

export type ColumnKey = keyof typeof COLUMNS;

/** The keys of {@linkcode COLUMNS}, in its order. */
export const COLUMN_KEYS = Object.keys(COLUMNS) as readonly ColumnKey[];

/** A row of {@linkcode COLUMNS} by its key, as any of them. */
export function columnAt(key: ColumnKey): SeriesColumn {
  return COLUMNS[key];
}
