/** How long the first probe waits, and the longest that one does; it doubles. */
const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 60_000;

/**
 * Tells by a run of failures that there is an outage, and when to look whether it is over.
 *
 * ```text
 *        `threshold` failures, no success
 * works ────────────────────────────────► outage ◄──┐ a probe that fails: waits twice as long
 *   ▲                                        │ └────┘
 *   └──────────── any success ───────────────┘
 * ```
 */
export class Outage {
  readonly #threshold: number;
  #failures = 0;
  #waitMs = 0;
  #probeAtMs = 0;

  /** @param threshold failures without a success between them that make an outage, from 1 */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  get isOn(): boolean {
    return this.#waitMs > 0;
  }

  /** When the next probe may start; before it nothing does. */
  get probeAtMs(): number {
    return this.#probeAtMs;
  }

  /** Counts a failure of what was under way before. @returns whether the outage began by it */
  fail(nowMs: number): boolean {
    this.#failures++;
    if (this.isOn || this.#failures < this.#threshold) return false;
    this.#waitMs = FIRST_PROBE_MS;
    this.#probeAtMs = nowMs + this.#waitMs;
    return true;
  }

  /** Puts off the next probe, since one failed. */
  failProbe(nowMs: number): void {
    this.#failures++;
    this.#waitMs = Math.min(LAST_PROBE_MS, this.#waitMs * 2);
    this.#probeAtMs = nowMs + this.#waitMs;
  }

  /** @returns whether the outage ended by it */
  succeed(): boolean {
    const wasOn = this.isOn;
    this.#failures = this.#waitMs = this.#probeAtMs = 0;
    return wasOn;
  }
}
