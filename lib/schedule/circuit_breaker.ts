/** The milliseconds before the first probe, and the most before any; they double from probe to probe. */
const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 60_000;

/** What a result changed: `opened` if it opened the breaker, `closed` if it closed it. */
export type BreakerChange = "opened" | "closed" | undefined;

/**
 * Opens after repeated failures, and decides when a probe may find out whether they are over.
 *
 * ```text
 *        `threshold` failures, no success
 * closed ───────────────────────────────► open ◄──┐ a probe fails: waits twice as long
 *   ▲                                      │ └────┘
 *   └──────────── any success ─────────────┘
 * ```
 */
export class CircuitBreaker {
  readonly #threshold: number;
  #failures = 0;
  #waitMs = 0;
  #probeAtMs = 0;
  /** The probe that is in flight; at most one at a time. */
  #probe: unknown;

  /** @param threshold how many failures without a success between them open it, from 1 */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** How many failures there were since the last success. */
  get failures(): number {
    return this.#failures;
  }

  get isOpen(): boolean {
    return this.#waitMs > 0;
  }

  /** When the next probe may start; nothing starts before. */
  get probeAtMs(): number {
    return this.#probeAtMs;
  }

  /** Whether a probe is in flight: nothing else starts before it has ended. */
  get isHalfOpen(): boolean {
    return this.#probe !== undefined;
  }

  /** Whether a request is the probe that is in flight. */
  isProbe(start: unknown): boolean {
    return this.#probe !== undefined && this.#probe === start;
  }

  /** Records the start of a request: while the breaker is open, it is the probe. */
  begin(start: unknown): void {
    if (this.isOpen) this.#probe = start;
  }

  /**
   * Records the end of a request.
   *
   * @param hasFailed whether it failed; undefined if that is not known
   */
  end(start: unknown, hasFailed: boolean | undefined, nowMs: number): BreakerChange {
    const wasProbe = this.isProbe(start);
    if (wasProbe || hasFailed === false) this.#probe = undefined;
    if (hasFailed === undefined) return undefined;
    if (!hasFailed) {
      const wasOpen = this.isOpen;
      this.#failures = this.#waitMs = this.#probeAtMs = 0;
      return wasOpen ? "closed" : undefined;
    }
    this.#failures++;
    if (!this.isOpen) return this.#failures >= this.#threshold ? this.open(nowMs) : undefined;
    // Requests that were in flight when it opened tell nothing new.
    if (wasProbe) this.#waitFor(Math.min(LAST_PROBE_MS, this.#waitMs * 2), nowMs);
    return undefined;
  }

  /** Opens it, however few failures there were. Only while it is closed. */
  open(nowMs: number): BreakerChange {
    this.#waitFor(FIRST_PROBE_MS, nowMs);
    return "opened";
  }

  /** Probes as often as in the beginning again: the cause of the failures may be over. */
  hasten(nowMs: number): void {
    if (this.isOpen) this.#waitFor(FIRST_PROBE_MS, nowMs);
  }

  #waitFor(ms: number, nowMs: number): void {
    this.#waitMs = ms;
    this.#probeAtMs = nowMs + ms;
  }
}
