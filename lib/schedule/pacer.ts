/** What a pace is given. */
export interface PacerOptions {
  /** Requests a second, more than 0. */
  readonly rate: number;
  /** Milliseconds over which it rises to that from 0, evenly. @default {0} */
  readonly rampUpMs?: number | undefined;
}

/**
 * The open model: a schedule of starts that does not wait for answers.
 *
 * With a ramp of D the rate at t is `rate * t / D`, so start k is due where the area under it is k,
 * at `sqrt(2 * D * k / rate)`; from D on they are evenly spaced.
 *
 * ```text
 * rate │      ┌──────
 *      │    ╱ │            the area up to D is rate * D / 2 starts
 *      │  ╱   │
 *      └──────┴──────► t
 *             D
 * ```
 */
export class Pacer {
  readonly #perMs: number;
  readonly #rampUpMs: number;
  /** Starts within the ramp. */
  readonly #rampStarts: number;
  #originMs: number;
  /** Starts that were made. */
  #made = 0;

  /** @param nowMs when the first start is due */
  constructor({ rate, rampUpMs = 0 }: PacerOptions, nowMs: number) {
    this.#perMs = rate / 1000;
    this.#rampUpMs = rampUpMs;
    this.#rampStarts = this.#perMs * rampUpMs / 2;
    this.#originMs = nowMs;
  }

  /** When the next start is due. Not a sum of steps: those would drift. */
  get dueMs(): number {
    const k = this.#made;
    return this.#originMs +
      (k < this.#rampStarts
        ? Math.sqrt(2 * this.#rampUpMs * k / this.#perMs)
        : this.#rampUpMs + (k - this.#rampStarts) / this.#perMs);
  }

  /** Goes on to the next start. */
  advance(): void {
    this.#made++;
  }

  /**
   * Puts off all that is due, so that the next start is due then: where there was nothing to start,
   * nothing is made up for.
   */
  skipTo(nowMs: number): void {
    this.#originMs += Math.max(0, nowMs - this.dueMs);
  }
}
