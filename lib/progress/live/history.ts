import type { ColumnKey } from "../../series/columns.ts";
import { Sampler } from "../../series/sampler.ts";
import type { Snapshot } from "../../stats/snapshot.ts";

/** Milliseconds of a point. */
const INTERVAL_MS = 2_000;
/** The maximum number of points that are kept, the newest: ten minutes. */
const MAX_POINTS = 300;
/** The columns of the series that the live view shows. */
const COLUMNS = ["rate", "inFlight", "p50", "p99", "cpu"] as const satisfies ColumnKey[];

/** An interval of a run: when it began, in milliseconds, and its values. */
export type Point =
  & { readonly startMs: number }
  & Readonly<Record<typeof COLUMNS[number], number | null>>;

/** The last minutes of a run, an interval of two seconds at a time. */
export class History {
  readonly #sampler = new Sampler({ everyMs: INTERVAL_MS, columns: COLUMNS });
  /** The oldest first. At most {@linkcode MAX_POINTS}. */
  readonly #points: Point[] = [];

  /**
   * Notes what was in an interval once it is over. The first call begins the first.
   *
   * @param ms the time, not before that of the last call
   */
  update(snapshot: Snapshot, ms: number): void {
    const interval = this.#sampler.update(snapshot, ms);
    if (interval === undefined) return;
    const values = Object.fromEntries(COLUMNS.map((key) => [key, interval.read(key)]));
    // Where nobody looked for longer, as while the process was stopped, its points are all alike.
    const count = Math.min(MAX_POINTS, Math.max(1, Math.round(interval.ms / INTERVAL_MS)));
    for (let k = 0; k < count; k++) {
      const startMs = interval.startMs + k * interval.ms / count;
      this.#points.push({ startMs, ...values } as Point);
    }
    this.#points.splice(0, this.#points.length - MAX_POINTS);
  }

  get points(): readonly Point[] {
    return this.#points;
  }
}
