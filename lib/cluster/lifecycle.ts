import { BusError } from "../errors.ts";
import { MAX_TIMER_MS } from "../schedule/long_timer.ts";

const RETRY_MS = 500;

/**
 * How far a submitted run is, for everything that takes part in submitting it.
 *
 * ```text
 * running ──► stopping: nothing more is published, ──► over: the bus is not
 *             what workers have done is collected            asked any more
 * ```
 */
export class Lifecycle {
  #phase: "running" | "stopping" | "over" = "running";
  #breakdown: Error | undefined;
  #wake: (() => void) | undefined;

  /** Whether no more slices are published, and the workers have to commit what they hold. */
  get isStopping(): boolean {
    return this.#phase !== "running";
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  /** Why the run cannot go on; undefined if it can. */
  get breakdown(): Error | undefined {
    return this.#breakdown;
  }

  /** @returns whether it went on until now */
  stop(): boolean {
    if (this.isStopping) return false;
    this.#phase = "stopping";
    this.notify();
    return true;
  }

  end(): void {
    this.#phase = "over";
    this.notify();
  }

  /** Takes note of why the run cannot go on: the first reason counts. */
  breakDown(reason: Error): void {
    this.#breakdown ??= reason;
  }

  /** Settles at the next change, or after a time. There is one waiter. */
  change(ms = Infinity): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Infinity
        ? undefined
        : setTimeout(() => this.notify(), Math.min(ms, MAX_TIMER_MS));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Tells the one that waits that something has changed. */
  notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /**
   * Tries again what fails while the bus is away.
   *
   * @throws The breakdown, if the run has one.
   * @throws Whatever else does not mend by itself.
   */
  async persist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        const isAway = error instanceof BusError &&
          ["away", "full", "gone"].includes(error.trouble);
        if (this.isOver || this.#breakdown !== undefined || !isAway) {
          throw this.#breakdown ?? error;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
