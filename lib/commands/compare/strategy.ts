/** What came of one request. */
export interface Answer {
  /** The status code; null where no answer came. */
  readonly status: number | null;
}

/** What a client is to do, by whichever strategy. */
export interface StrategyContext {
  /** Where to, one after another: a generator, from which nothing is there before it is asked for. */
  readonly urls: Iterable<string>;
  /** Most requests in flight, from 1. */
  readonly concurrency: number;
  /** Makes one request over native fetch, and reads its answer to the end. Never rejects. */
  request(url: string): Promise<Answer>;
  /** Counts an answer. */
  take(answer: Answer): void;
}

/** A way of making many requests; it ends when each has been taken. */
export type Strategy = (work: StrategyContext) => Promise<void>;
