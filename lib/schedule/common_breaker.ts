import type { CommonState } from "./common_state.ts";

/** What is added to the turn: by a probe while it is in flight, by opening or closing, by the rest. */
const PROBE = 1;
const SWITCH = 2;
const CHANGE = 4;
/** With fewer failures of its own, an event loop does not rely on those of others. */
const MIN_FAILURES = 5;

/**
 * What the circuit breakers of one host, or of the network, have in common in several event loops:
 * their failures, and the turn, a number that each change raises. Whoever raises it is the first with
 * a change: it says what changed and tells the others, who learn the new turn with that.
 *
 * ```text
 * turn │ number of changes │ is open │ a probe is in flight │
 *        all other bits      bit 1     bit 0
 * ```
 *
 * Hosts can share a turn by chance. Then a change is not told, or a probe starts later.
 */
export class CommonBreaker {
  readonly #state: CommonState;
  readonly #cell: number;
  /** The last turn that this event loop has learnt, or made, without a probe. */
  #turn: number;
  #isProbing = false;

  /** @param key the host; undefined for the network */
  constructor(state: CommonState, key: string | undefined) {
    this.#state = state;
    this.#cell = state.breakerCell(key);
    this.#turn = skipProbe(state.readTurn(this.#cell));
  }

  get turn(): number {
    return this.#turn;
  }

  /** Adds to the failures that all event loops have. */
  addFailures(count: number): void {
    if (count !== 0) this.#state.addFailures(this.#cell, count);
  }

  /**
   * Whether so many requests have failed without a success between them, in all event loops.
   *
   * @param own how many have failed in this event loop
   */
  hasFailed(own: number, times: number): boolean {
    const isSure = own >= Math.min(MIN_FAILURES, times / this.#state.count);
    return isSure && this.#state.readFailures(this.#cell) >= times;
  }

  /** Opens or closes it. @returns whether it was not so in any event loop yet */
  switch(isOpen: boolean): boolean {
    if (!this.#isProbing) this.#turn = skipProbe(this.#state.readTurn(this.#cell));
    const isNew = ((this.#turn & SWITCH) !== 0) !== isOpen;
    return isNew && this.#change(SWITCH);
  }

  /** Makes another change. @returns whether this event loop is the first with it */
  change(): boolean {
    return this.#change(CHANGE);
  }

  #change(by: number): boolean {
    // Nobody else raises it meanwhile.
    if (this.#isProbing) this.#turn = (this.#turn + by) | 0;
    return this.#isProbing || this.#raise(by);
  }

  /** Begins a probe. @returns whether it may start: no other event loop has one in flight */
  beginProbe(): boolean {
    return this.#isProbing ||= this.#raise(PROBE);
  }

  /** Ends the probe of this event loop, if it has one. @param wasMade whether there was a probe */
  endProbe(wasMade = true): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    if (wasMade) this.#turn = (this.#turn + CHANGE) | 0;
    this.#state.setTurn(this.#cell, this.#turn);
  }

  /** Learns the turn of a change in another event loop. */
  learn(turn: number): void {
    if (!this.#isProbing) this.#turn = turn;
  }

  #raise(by: number): boolean {
    const turn = this.#turn;
    const raised = (turn + by) | 0;
    const before = this.#state.exchangeTurn(this.#cell, turn, raised);
    this.#turn = before === turn && by !== PROBE ? raised : skipProbe(before);
    return before === turn;
  }
}

/** The turn after the probe that is in flight, if one is. */
function skipProbe(turn: number): number {
  return (turn & PROBE) === 0 ? turn : (turn - PROBE + CHANGE) | 0;
}
