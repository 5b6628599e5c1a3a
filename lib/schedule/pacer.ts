/** Options for a {@linkcode Pacer}. */
export interface PacerOptions {
  /** Requests a second, more than 0. */
  readonly rate: number;
  /** Milliseconds over which the rate rises evenly from 0. @default {0} */
  readonly rampUpMs?: number | undefined;
}

/**
 * When starts are due after the first one.
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
export class StartTimes {
  readonly #perMs: number;
  readonly #rampUpMs: number;
  /** How many starts the ramp has. */
  readonly #rampStarts: number;

  constructor({ rate, rampUpMs = 0 }: PacerOptions) {
    this.#perMs = rate / 1000;
    this.#rampUpMs = rampUpMs;
    this.#rampStarts = this.#perMs * rampUpMs / 2;
  }

  /** How many milliseconds after start 0 start k is due. Not a sum of steps, which would drift. */
  of(k: number): number {
    return k < this.#rampStarts
      ? Math.sqrt(2 * this.#rampUpMs * k / this.#perMs)
      : this.#rampUpMs + (k - this.#rampStarts) / this.#perMs;
  }
}

/** The open model: a schedule of starts that does not wait for responses. */
export class Pacer {
  readonly #times: StartTimes;
  #originMs: number;
  /** How many starts there were so far. */
  #made = 0;

  /** @param nowMs when the first start is due */
  constructor(options: PacerOptions, nowMs: number) {
    this.#times = new StartTimes(options);
    this.#originMs = nowMs;
  }

  /** When the next start is due. */
  get dueMs(): number {
    return this.#originMs + this.#times.of(this.#made);
  }

  /** Advances to the next start. */
  advance(): void {
    this.#made++;
  }

  /**
   * Puts off all starts so that the next one is due at `nowMs`: time without anything to start is not
   * made up for.
   */
  skipTo(nowMs: number): void {
    this.#originMs += Math.max(0, nowMs - this.dueMs);
  }
}
