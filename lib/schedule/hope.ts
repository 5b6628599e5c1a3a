import { NoProgressError } from "../errors.ts";
import type { CommonState } from "./common_state.ts";

/** How long a run without any success pauses before it ends, unless the user sets a time. */
const GIVE_UP_AFTER_MS = 60_000;

/** What the hope of a run depends on. */
export interface HopeOptions {
  /** The milliseconds that a run pauses before it ends; undefined for the default. */
  readonly giveUpAfterMs: number | undefined;
  /** What event loops have in common; undefined with one event loop. */
  readonly common: CommonState | undefined;
  /** What this event loop's clock is behind the common one. */
  readonly clockMs: number;
}

/** How long a run that pauses may still hope: no longer than its time after the last success. */
export class Hope {
  readonly #options: HopeOptions;
  #hasSucceeded = false;
  /** When a request of this event loop last succeeded, or when the present pauses began. */
  #atMs: number;

  constructor(options: HopeOptions, nowMs: number) {
    this.#options = options;
    this.#atMs = nowMs;
  }

  /** Records that a request has succeeded. */
  recordSuccess(): void {
    if (this.#hasSucceeded) return;
    this.#hasSucceeded = true;
    this.#options.common?.recordSuccess();
  }

  /** Records that a request has succeeded while others pause, or that pauses begin. */
  renew(nowMs: number): void {
    this.#atMs = nowMs;
    this.#options.common?.recordHope(nowMs + this.#options.clockMs);
  }

  get #lastMs(): number {
    const { common, clockMs } = this.#options;
    return common === undefined ? this.#atMs : Math.max(this.#atMs, common.lastHopeMs - clockMs);
  }

  /** When a run that pauses is given up. */
  get endMs(): number {
    const { common, giveUpAfterMs } = this.#options;
    const hasSucceeded = common?.hasSucceeded ?? this.#hasSucceeded;
    return this.#lastMs + (giveUpAfterMs ?? (hasSucceeded ? Infinity : GIVE_UP_AFTER_MS));
  }

  /** Why a run ends when it is given up. */
  toError(nowMs: number): NoProgressError {
    const seconds = Math.round((nowMs - this.#lastMs) / 1000);
    return new NoProgressError(
      `Cannot go on: every request has failed for ${seconds} s: check what is down`,
    );
  }
}
