/** So many permits, and a queue of those that wait for one, as long as they let it become. */
export class Semaphore {
  #permits: number;
  /** First come, first served. The queue is that of its users: `semaphore` fills it without bound. */
  readonly #waiting: (() => void)[] = [];
  #first = 0;

  /** @param permits how many may be held at once, from 1 */
  constructor(permits: number) {
    this.#permits = permits;
  }

  /** Takes a permit, as soon as there is one. */
  acquire(): Promise<void> {
    if (this.#permits > 0) {
      this.#permits--;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a permit back, or on to whoever waits longest. */
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
