/** How long the first probe waits, and the longest that one does; it doubles. */
const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 60_000;

/** What came of a start: `outage` where it began by that, `back` where it ended. */
export type BreakerChange = "outage" | "back" | undefined;

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
export class CircuitBreaker {
  readonly #threshold: number;
  #failures = 0;
  #waitMs = 0;
  #probeAtMs = 0;
  /** What is in flight to see whether it is over; at most one at a time. */
  #probe: unknown;

  /** @param threshold failures without a success between them that make an outage, from 1 */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  get isOpen(): boolean {
    return this.#waitMs > 0;
  }

  /** When the next probe may start; before it nothing does. */
  get probeAtMs(): number {
    return this.#probeAtMs;
  }

  /** Whether a probe is in flight: until it has ended nothing else starts. */
  get isHalfOpen(): boolean {
    return this.#probe !== undefined;
  }

  /** Whether a start is the probe that is in flight. */
  isProbe(start: unknown): boolean {
    return this.#probe !== undefined && this.#probe === start;
  }

  /** Takes a start: in an outage it is the probe. */
  begin(start: unknown): void {
    if (this.isOpen) this.#probe = start;
  }

  /**
   * Takes what came of a start.
   *
   * @param hasFailed undefined if it tells nothing
   */
  end(start: unknown, hasFailed: boolean | undefined, nowMs: number): BreakerChange {
    const wasProbe = this.isProbe(start);
    if (wasProbe || hasFailed === false) this.#probe = undefined;
    if (hasFailed === undefined) return undefined;
    if (!hasFailed) {
      const wasOn = this.isOpen;
      this.#failures = this.#waitMs = this.#probeAtMs = 0;
      return wasOn ? "back" : undefined;
    }
    this.#failures++;
    if (!this.isOpen) return this.#failures >= this.#threshold ? this.open(nowMs) : undefined;
    // What was under way before an outage tells nothing new of it.
    if (wasProbe) this.#waitFor(Math.min(LAST_PROBE_MS, this.#waitMs * 2), nowMs);
    return undefined;
  }

  /** Begins an outage, however few failures there were; there is none yet. */
  open(nowMs: number): BreakerChange {
    this.#waitFor(FIRST_PROBE_MS, nowMs);
    return "outage";
  }

  /** Probes as often as in the beginning: what was the matter may be over. */
  hasten(nowMs: number): void {
    if (this.isOpen) this.#waitFor(FIRST_PROBE_MS, nowMs);
  }

  #waitFor(ms: number, nowMs: number): void {
    this.#waitMs = ms;
    this.#probeAtMs = nowMs + ms;
  }
}
