/**
 * What a run was like over time.
 *
 * @module
 */

/** Values by interval. */
export type Column = readonly (number | null)[];

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
  readonly rate: Column;
  /** Percentiles and the greatest of the latencies of answers, in milliseconds. */
  readonly p50: Column;
  readonly p90: Column;
  readonly p99: Column;
  readonly max: Column;
  /** The most requests in flight that were seen; of records, how many there were on average. */
  readonly inFlight: Column;
  /** The most resident memory that was seen. */
  readonly rssBytes: Column;
  /** Failures a second, by kind; kinds that did not occur are missing. */
  readonly failed: Readonly<Record<string, Column>>;
}
