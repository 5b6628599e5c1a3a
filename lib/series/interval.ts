import type { SparseHistogram } from "../stats/sparse_histogram.ts";
import { COLUMN_KEYS, columnAt, type ColumnKey } from "./columns.ts";

/** What a run was like for a while. Two of them become one. */
export class Interval {
  /** When it began, in milliseconds of the clock of whoever takes it. */
  readonly startMs: number;
  /** Milliseconds of it in which the run was looked at. */
  ms = 0;
  /** How much counters grew, and the greatest values of gauges; what was not measured is missing. */
  readonly values: Partial<Record<ColumnKey, number>> = {};
  /** How much counters with names grew, as far as they did; the names are those of the column. */
  readonly named: Partial<Record<ColumnKey, Map<string, number>>> = {};
  latencies: SparseHistogram | undefined;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  /** When it ended, if it was looked at all the time. */
  get endMs(): number {
    return this.startMs + this.ms;
  }

  /** Adds to a counter with a name. */
  count(key: ColumnKey, name: string, more: number): void {
    const counts = this.named[key] ??= new Map();
    counts.set(name, (counts.get(name) ?? 0) + more);
  }

  /** Adds what another has. */
  add(other: Interval): void {
    this.ms += other.ms;
    for (const key of COLUMN_KEYS) {
      for (const [name, more] of other.named[key] ?? []) this.count(key, name, more);
      const [a, b] = [this.values[key], other.values[key]];
      if (b === undefined) continue;
      if (a === undefined) this.values[key] = b;
      else this.values[key] = columnAt(key).kind === "gauge" ? Math.max(a, b) : a + b;
    }
    if (other.latencies === undefined) return;
    this.latencies = this.latencies?.merge(other.latencies) ?? other.latencies;
  }

  /**
   * The value of a column; null where it was not measured.
   *
   * @param name of a column of several counters, the counter
   */
  read(key: ColumnKey, name?: string): number | null {
    const column = columnAt(key);
    switch (column.kind) {
      case "percentile": {
        const micros = this.latencies?.percentile(column.percentile);
        return micros === undefined ? null : micros / 1000;
      }
      case "gauge":
        return this.values[key] ?? null;
      case "counter":
        return this.#aSecond(this.values[key]);
      case "counters":
        return this.#aSecond(this.named[key]?.get(name ?? "") ?? 0);
    }
  }

  #aSecond(count: number | undefined): number | null {
    return count === undefined || this.ms <= 0 ? null : count / this.ms * 1000;
  }
}
