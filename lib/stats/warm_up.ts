import type { Result } from "../result.ts";
import type { CountedIteration } from "./flow_tally.ts";
import type { FlowRecorder, Stats } from "./stats.ts";

/** What counts results, those of a warm-up apart. */
export type WarmUpStats = Pick<Stats, keyof FlowRecorder | "recordWarmUp">;

/** By so much the two clocks of a machine can drift apart while nobody sets one of them. */
const MAX_DRIFT_MS = 10_000;

/**
 * When the warm-up of a run ends. To set the clock of the machine back does not put it off: an hour
 * of requests would then be in no figure.
 */
export class WarmUpEnd {
  readonly #epochMs: number;
  /** When it is over for certain, by `performance.now()`, a clock that nobody sets. */
  readonly #certainMs: number;

  /** @param epochMs milliseconds since the Unix epoch */
  constructor(epochMs: number) {
    this.#epochMs = epochMs;
    this.#certainMs = performance.now() + epochMs - Date.now() + MAX_DRIFT_MS;
  }

  /** Whether it was over at a moment. @param at milliseconds since the Unix epoch */
  wasOver(at: number): boolean {
    return at >= this.#epochMs || performance.now() - (Date.now() - at) >= this.#certainMs;
  }
}

/**
 * Counts results as statistics do, but those of requests that started in the warm-up of a run apart:
 * connections are made then, caches are empty, and code is not compiled yet.
 */
export class WarmUp implements FlowRecorder {
  readonly #stats: WarmUpStats;
  readonly #end: WarmUpEnd;

  /** @param endMs when the warm-up ends, in milliseconds since the Unix epoch */
  constructor(stats: WarmUpStats, endMs: number) {
    this.#stats = stats;
    this.#end = new WarmUpEnd(endMs);
  }

  record(result: Result): void {
    if (this.#end.wasOver(result.at)) this.#stats.record(result);
    else this.#stats.recordWarmUp(result);
  }

  recordIteration(iteration: CountedIteration): void {
    if (this.#end.wasOver(iteration.at)) this.#stats.recordIteration(iteration);
  }

  recordRetry(cause: string, result: Result): void {
    if (this.#end.wasOver(result.at)) this.#stats.recordRetry(cause, result);
  }

  recordStart(ownLateMs: number): void {
    if (this.#end.wasOver(Date.now())) this.#stats.recordStart(ownLateMs);
  }

  recordLateStart(ms: number): void {
    if (this.#end.wasOver(Date.now() - ms)) this.#stats.recordLateStart(ms);
  }
}
