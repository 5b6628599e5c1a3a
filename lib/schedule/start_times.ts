import type { PacerOptions } from "./pacer.ts";

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
