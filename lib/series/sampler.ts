import type { Snapshot } from "../stats/snapshot.ts";
import { SparseHistogram } from "../stats/sparse_histogram.ts";
import { COLUMN_KEYS, columnAt, type ColumnKey } from "./columns.ts";
import { Interval } from "./interval.ts";

/** Options for {@linkcode Sampler}. */
export interface SamplerOptions {
  /** Milliseconds that an interval has at least. @default 0 */
  everyMs?: number;
  /** The columns of the intervals; latencies are only taken for a percentile. @default all */
  columns?: readonly ColumnKey[];
}

/**
 * Makes intervals of snapshots: what was between one and the next. The page's recorder, the live
 * view's history and the recent rate have one each.
 */
export class Sampler {
  readonly #everyMs: number;
  readonly #columns: readonly ColumnKey[];
  readonly #hasLatencies: boolean;
  #before: { readonly snapshot: Snapshot; readonly ms: number } | undefined;

  constructor({ everyMs = 0, columns = COLUMN_KEYS }: SamplerOptions = {}) {
    this.#everyMs = everyMs;
    this.#columns = columns;
    this.#hasLatencies = columns.some((key) => columnAt(key).kind === "percentile");
  }

  /**
   * Ends the interval if it is long enough, and begins the next. The first call begins the first:
   * requests before it, as those of a resumed run, are in none.
   *
   * @param ms the time, not before that of the last call
   * @returns what was in the interval; undefined if it continues
   */
  update(snapshot: Snapshot, ms: number): Interval | undefined {
    const before = this.#before;
    if (before !== undefined && ms - before.ms < this.#everyMs) return undefined;
    const interval = before === undefined ? undefined : this.peek(snapshot, ms);
    this.#before = { snapshot, ms };
    return interval;
  }

  /** What is in the interval that continues, up to now. */
  peek(snapshot: Snapshot, ms: number): Interval {
    const before = this.#before ?? { snapshot, ms };
    const interval = new Interval(before.ms);
    interval.ms = ms - before.ms;
    for (const key of this.#columns) {
      const column = columnAt(key);
      if (column.kind === "counter") {
        // What a machine has told and not delivered goes with it.
        interval.values[key] = Math.max(0, column.read(snapshot) - column.read(before.snapshot));
      } else if (column.kind === "gauge") {
        interval.values[key] = Math.max(column.read(before.snapshot), column.read(snapshot));
      } else if (column.kind === "counters") {
        for (const name of column.names) {
          const more = column.read(snapshot, name) - column.read(before.snapshot, name);
          if (more > 0) interval.count(key, name, more);
        }
      }
    }
    if (this.#hasLatencies) {
      const { histogram } = before.snapshot;
      interval.latencies = SparseHistogram.from(snapshot.histogram.diff(histogram));
    }
    return interval;
  }
}
