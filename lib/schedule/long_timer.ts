/** The longest time that a timer can wait; with a longer time it would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A timer for any time: one that is too long for a timer is waited for in parts. */
export class LongTimer {
  readonly #atMs: number;
  readonly #callback: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Calls back once, after a time, and not before it.
   *
   * @param ms milliseconds, from 0
   */
  constructor(ms: number, callback: () => void) {
    this.#atMs = performance.now() + ms;
    this.#callback = callback;
    this.#wait(ms);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      const leftMs = this.#atMs - performance.now();
      if (leftMs > 0) this.#wait(leftMs);
      else this.#callback();
    }, Math.min(ms, MAX_TIMER_MS));
  }

  /** Does not call back any more. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}
