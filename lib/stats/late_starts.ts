/** How often, and for how long, starts waited for a free place, as plain data. */
export interface LateState {
  readonly count: number;
  /** Milliseconds, all together and at most. */
  readonly ms: number;
  readonly maxMs: number;
}

/** Counts starts that waited for a free place. */
export class LateStarts {
  #count = 0;
  #ms = 0;
  #maxMs = 0;

  record(ms: number): void {
    this.add({ count: 1, ms, maxMs: ms });
  }

  /** Adds what another has counted. */
  add({ count, ms, maxMs }: LateState): void {
    this.#count += count;
    this.#ms += ms;
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  toJSON(): LateState {
    return { count: this.#count, ms: this.#ms, maxMs: this.#maxMs };
  }

  /** The same, after which it begins from 0 again. */
  take(): LateState {
    const taken = this.toJSON();
    this.#count = this.#ms = this.#maxMs = 0;
    return taken;
  }
}
