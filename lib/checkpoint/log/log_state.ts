/** What a journal says of the log behind it. */
export interface LogState {
  /** What its entries are known by. */
  readonly id: number;
  /** The number of the last entry of each thread whose results the journal has; 0 without one. */
  readonly covered: readonly number[];
  /** Seconds since the log began: the journal has the time until then. */
  readonly seconds: number;
}
