import type { CommonBreaker } from "./common_breaker.ts";
import type { BreakerState } from "./news.ts";

/** The milliseconds before the first probe, and the most before any; they double from probe to probe. */
const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 60_000;
/** After this time it is tried again to begin a probe while another event loop has one in flight. */
const PROBE_RETRY_MS = 250;

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
  /** What it has in common with those of other event loops; undefined with one event loop. */
  readonly #common: CommonBreaker | undefined;
  #failures = 0;
  #waitMs = 0;
  #probeAtMs = 0;
  /** The probe that is in flight; at most one at a time. */
  #probe: unknown;
  /** Whether this event loop was the first to open or close it, the last time that it did. */
  #isFirst = true;

  /**
   * @param threshold how many failures without a success between them open it, from 1
   * @param common what it has in common with those of other event loops
   */
  constructor(threshold: number, common?: CommonBreaker) {
    this.#threshold = threshold;
    this.#common = common;
  }

  /** How many failures there were since the last success, in this event loop. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether there were so many failures since the last success, in all event loops. */
  hasFailed(times: number): boolean {
    return this.#common?.hasFailed(this.#failures, times) ?? this.#failures >= times;
  }

  /** Whether no other event loop had opened or closed it before, the last time. */
  get isFirst(): boolean {
    return this.#isFirst;
  }

  get state(): BreakerState {
    const { turn = 0 } = this.#common ?? {};
    return { waitMs: this.#waitMs, probeAtMs: this.#probeAtMs, turn };
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

  /**
   * Whether a request may start when its time has come. While it is open, that request must start as
   * the probe, or {@linkcode forgo} be called.
   */
  mayBegin(nowMs: number): boolean {
    if (this.#common === undefined || !this.isOpen || this.#common.beginProbe()) return true;
    this.#probeAtMs = nowMs + PROBE_RETRY_MS;
    return false;
  }

  /** Starts no probe, although it might. */
  forgo(): void {
    if (!this.isHalfOpen) this.#common?.endProbe(false);
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
    const change = hasFailed === undefined ? undefined : this.#record(hasFailed, wasProbe, nowMs);
    if (!this.isHalfOpen) this.#common?.endProbe();
    return change;
  }

  #record(hasFailed: boolean, wasProbe: boolean, nowMs: number): BreakerChange {
    if (!hasFailed) {
      const wasOpen = this.isOpen;
      if (wasOpen) this.#isFirst = this.#common?.switch(false) ?? true;
      this.close();
      return wasOpen ? "closed" : undefined;
    }
    this.#failures++;
    this.#common?.addFailures(1);
    if (!this.isOpen) return this.hasFailed(this.#threshold) ? this.open(nowMs) : undefined;
    // Requests that were in flight when it opened tell nothing new.
    if (wasProbe) this.#waitFor(Math.min(LAST_PROBE_MS, this.#waitMs * 2), nowMs);
    return undefined;
  }

  /** Closes it, and forgets all failures of this event loop. */
  close(): void {
    this.#common?.addFailures(-this.#failures);
    this.#failures = this.#waitMs = this.#probeAtMs = 0;
  }

  /** Opens it, however few failures there were. Only while it is closed. */
  open(nowMs: number): BreakerChange {
    this.#isFirst = this.#common?.switch(true) ?? true;
    this.#waitFor(FIRST_PROBE_MS, nowMs);
    return "opened";
  }

  /** Records that the host is given up. @returns whether no other event loop has told it before */
  giveUp(): boolean {
    return this.#common?.change() ?? true;
  }

  /** Takes over what another event loop has told. */
  learn({ waitMs, probeAtMs, turn }: BreakerState): void {
    this.#common?.learn(turn);
    if (waitMs === 0) {
      this.close();
      this.#probe = undefined;
      this.#common?.endProbe();
    } else {
      this.#waitMs = waitMs;
      this.#probeAtMs = probeAtMs;
    }
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
