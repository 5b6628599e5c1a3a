/** A counting semaphore: a number of permits, and a queue of those who wait for one. */
export class Semaphore {
  #permits: number;
  /** First come, first served. Its users bound the queue; the strategy `semaphore` does not. */
  readonly #waiting: (() => void)[] = [];
  #first = 0;

  /** @param permits how many can be held at a time, from 1 */
  constructor(permits: number) {
    this.#permits = permits;
  }

  /** Waits for a permit, and takes it. */
  acquire(): Promise<void> {
    if (this.#permits > 0) {
      this.#permits--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a permit back; the one who has waited longest gets it. */
  release(): void {
    const next = this.#waiting[this.#first];
    if (next === undefined) {
      this.#permits++;
      return;
    }
    this.#waiting[this.#first++] = undefined!;
    if (this.#first === this.#waiting.length) this.#first = this.#waiting.length = 0;
    next();
  }
}
