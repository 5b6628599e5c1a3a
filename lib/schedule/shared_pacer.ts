import type { CommonState } from "./common_state.ts";
import { MAX_OVERTIME_MS, type Pacer, type PacerOptions, TICK_MS } from "./pacer.ts";
import { StartTimes } from "./start_times.ts";

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
export class SharedPacer implements Pacer {
  readonly #state: CommonState;
  readonly #times: StartTimes;
  /** What this event loop's clock is behind the common one. */
  readonly #clockMs: number;
  #slot: number | undefined;
  #dueMs = Infinity;
  /** When the schedule ends, as of the last claim. */
  #endMs = Infinity;
  /** Since when there was nothing to start; undefined if there was. */
  #idleSinceMs: number | undefined = -Infinity;
  /** When it had something to start after it was idle, while the others had no free place. */
  #readyMs = -Infinity;

  constructor(
    state: CommonState,
    { clockMs, ...options }: PacerOptions & { clockMs: number },
  ) {
    this.#state = state;
    this.#times = new StartTimes(options);
    this.#clockMs = clockMs;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  get readyMs(): number {
    return this.#readyMs;
  }

  /**
   * Claims a slot, unless it has one. All starts are put off by the time in which no event loop had
   * anything to start.
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
      if (overdueMs > TICK_MS) state.originMs += Math.min(overdueMs, idleMs);
    }
    const { originMs } = state;
    state.unlock();
    // Others that have claimed a slot have places, too: those are not what it waited for.
    if (isAlone && idleMs > TICK_MS) this.#readyMs = nowMs;
    this.#hold(slot, originMs);
  }

  #hold(slot: number, originMs: number): void {
    const times = this.#times;
    this.#slot = slot;
    this.#endMs = originMs + times.endMs - this.#clockMs;
    // Behind the last start it waits for the end: another event loop can return an earlier slot.
    this.#dueMs = Math.min(this.#endMs, originMs + times.of(slot) - this.#clockMs);
  }

  /** Uses the claimed slot. */
  advance(nowMs: number): void {
    this.#release();
    this.#idleSinceMs = undefined;
    this.#state.useSlot(Math.floor(nowMs + this.#clockMs));
  }

  /** Counts the starts of all event loops. */
  nextInBurst(most: number, nowMs: number): number {
    const ms = Math.floor(nowMs + this.#clockMs);
    return this.#state.countStarts(ms) < most ? nowMs : ms + 1 - this.#clockMs;
  }

  isOver(freeSinceMs: number): boolean {
    if (this.#slot === undefined) return false;
    return this.#slot >= this.#times.count || freeSinceMs > this.#endMs + MAX_OVERTIME_MS;
  }

  /** Returns the slot if one is claimed: an event loop that has claimed a later one can take it. */
  rest(nowMs: number): boolean {
    this.#idleSinceMs ??= nowMs;
    if (this.#slot === undefined) return false;
    const state = this.#state;
    state.lock();
    const isLeft = state.returnSlot(this.#slot);
    const isWanted = isLeft && state.claimed > 0;
    state.unlock();
    this.#release();
    return isWanted;
  }

  #release(): void {
    this.#slot = undefined;
    this.#dueMs = Infinity;
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
