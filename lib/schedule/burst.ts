/** Counts the starts of each millisecond, so that overdue ones do not start all at once. */
export class Burst {
  #count = 0;
  #atMs = -Infinity;

  /** When there may be another start, if `most` may be in a millisecond. */
  nextMs(most: number, nowMs: number): number {
    if (nowMs - this.#atMs >= 1) {
      this.#atMs = nowMs;
      this.#count = 0;
    }
    return this.#count < most ? nowMs : this.#atMs + 1;
  }

  count(): void {
    this.#count++;
  }
}
