import type { CommonState } from "./common_state.ts";
import { type PacerOptions, StartTimes } from "./pacer.ts";

/**
 * The pacer of one of several event loops, which take their slots (the starts of the run, from 0)
 * from one counter. Each event loop claims one slot ahead and waits for its time, so no two wake up
 * for the same one. A slot that it cannot use goes back, and the next claim takes it first.
 *
 * ```text
 * slot      0     1     2     3     4 …          due at origin + times.of(slot)
 * loop 0    ●                 ●
 * loop 1          ●     ●           ○ claimed
 * ```
 */
export class SharedPacer {
  readonly #state: CommonState;
  readonly #times: StartTimes;
  /** What this event loop's clock is behind the common one. */
  readonly #clockMs: number;
  /** How far a start may be overdue before idle time is taken off. */
  readonly #toleranceMs: number;
  #slot: number | undefined;
  #dueMs = Infinity;
  /** Since when there was nothing to start; undefined if there was. */
  #idleSinceMs: number | undefined = -Infinity;
  /** When it had something to start after it was idle, while the others had no free place. */
  #readyMs = -Infinity;

  constructor(
    state: CommonState,
    { clockMs, toleranceMs, ...options }: PacerOptions & { clockMs: number; toleranceMs: number },
  ) {
    this.#state = state;
    this.#times = new StartTimes(options);
    this.#clockMs = clockMs;
    this.#toleranceMs = toleranceMs;
  }

  /** When the claimed slot is due. Only after {@linkcode claim}. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /**
   * When this event loop last had something to start again, after it was idle, while no other had a
   * free place and a target; at first -Infinity.
   */
  get readyMs(): number {
    return this.#readyMs;
  }

  /**
   * Claims a slot, unless it has one. Time in which no event loop had anything to start is not made
   * up for: all starts are put off by it.
   */
  claim(nowMs: number): void {
    if (this.#slot !== undefined) return;
    const state = this.#state;
    const idleMs = this.#idleSinceMs === undefined ? 0 : nowMs - this.#idleSinceMs;
    const commonMs = nowMs + this.#clockMs;
    state.lock();
    const isAlone = state.claimed === 0;
    const slot = state.claimSlot();
    if (state.originMs === -Infinity) state.originMs = commonMs;
    else if (isAlone) {
      const overdueMs = commonMs - state.originMs - this.#times.of(slot);
      if (overdueMs > this.#toleranceMs) state.originMs += Math.min(overdueMs, idleMs);
    }
    const { originMs } = state;
    state.unlock();
    // Others that have claimed a slot have places, too: those are not what it waited for.
    if (isAlone && idleMs > this.#toleranceMs) this.#readyMs = nowMs;
    this.#hold(slot, originMs);
  }

  #hold(slot: number, originMs: number): void {
    this.#slot = slot;
    this.#dueMs = originMs + this.#times.of(slot) - this.#clockMs;
  }

  /** Uses the claimed slot. */
  advance(nowMs: number): void {
    this.#slot = undefined;
    this.#idleSinceMs = undefined;
    this.#state.useSlot(Math.floor(nowMs + this.#clockMs));
  }

  /** When there may be another start if `most` may be in a millisecond, in all event loops. */
  nextInBurst(most: number, nowMs: number): number {
    const ms = Math.floor(nowMs + this.#clockMs);
    return this.#state.countStarts(ms) < most ? nowMs : ms + 1 - this.#clockMs;
  }

  /**
   * Records that there is nothing to start, and returns the slot if one is claimed.
   *
   * @returns whether an event loop that has claimed a later slot should take it
   */
  rest(nowMs: number): boolean {
    this.#idleSinceMs ??= nowMs;
    if (this.#slot === undefined) return false;
    const state = this.#state;
    state.lock();
    const isLeft = state.returnSlot(this.#slot);
    const isWanted = isLeft && state.claimed > 0;
    state.unlock();
    this.#slot = undefined;
    return isWanted;
  }

  /** Takes an earlier slot than the claimed one, if one was returned. */
  hasten(): void {
    if (this.#slot === undefined) return;
    const state = this.#state;
    state.lock();
    const slot = state.exchangeSlot(this.#slot);
    const { originMs } = state;
    state.unlock();
    this.#hold(slot, originMs);
  }
}
