import type { Result } from "../result.ts";
import type { Recorder, Stats } from "./stats.ts";

/** What counts results, those of a warm-up apart. */
export type WarmUpStats = Pick<Stats, keyof Recorder | "recordWarmUp">;

/**
 * Counts results as statistics do, but those of requests that started in the warm-up of a run apart:
 * connections are made then, caches are empty, and code is not compiled yet.
 */
export class WarmUp implements Recorder {
  readonly #stats: WarmUpStats;
  readonly #endMs: number;

  /** @param endMs when the warm-up ends, in milliseconds since the Unix epoch */
  constructor(stats: WarmUpStats, endMs: number) {
    this.#stats = stats;
    this.#endMs = endMs;
  }

  record(result: Result): void {
    if (result.at < this.#endMs) this.#stats.recordWarmUp(result);
    else this.#stats.record(result);
  }

  recordRetry(cause: string, result: Result): void {
    if (result.at >= this.#endMs) this.#stats.recordRetry(cause, result);
  }

  recordStart(ownLateMs: number): void {
    if (Date.now() >= this.#endMs) this.#stats.recordStart(ownLateMs);
  }

  recordLateStart(ms: number): void {
    if (Date.now() - ms >= this.#endMs) this.#stats.recordLateStart(ms);
  }
}
