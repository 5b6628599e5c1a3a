/** The result of one request. */
export interface StrategyResult {
  /** The status code; null if there was no response. */
  readonly status: number | null;
}

/** What a strategy works with. */
export interface StrategyContext {
  /** The URLs, which a generator makes one at a time. */
  readonly urls: Iterable<string>;
  /** Requests in flight at most, from 1. */
  readonly concurrency: number;
  /** Makes one request over native fetch, and reads the response to its end. Never rejects. */
  request(url: string): Promise<StrategyResult>;
  /** Counts a result. */
  onResult(result: StrategyResult): void;
}

/** A way to make many requests; ends when each result has been counted. */
export type Strategy = (context: StrategyContext) => Promise<void>;
