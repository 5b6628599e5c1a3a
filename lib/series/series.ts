/**
 * What a run was like over time.
 *
 * @module
 */

/**
 * Columns of equal length, at most 400: the k-th value of each is of the time from
 * `startMs + k * intervalMs` on, `intervalMs` long; the last one's time can be shorter. Null where
 * nothing was measured.
 */
export interface Series {
  /** Milliseconds. It doubles when the columns are full. */
  readonly intervalMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** Requests that ended, a second. */
  readonly rate: readonly (number | null)[];
  /** Percentiles and the greatest of the latencies of answers, in milliseconds. */
  readonly p50: readonly (number | null)[];
  readonly p90: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** Requests in flight at the end of the interval. */
  readonly inFlight: readonly (number | null)[];
  /** The most resident memory that was seen. */
  readonly rssBytes: readonly (number | null)[];
  /** Failures a second, by kind; kinds that did not occur are missing. */
  readonly failed: Readonly<Record<string, readonly (number | null)[]>>;
}
