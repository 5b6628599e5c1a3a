import type { CommonState } from "./common_state.ts";

/**
 * What the circuit breakers of one host, or of the network, have in common in several event loops:
 * their failures, and the turn, a number that each change raises by 2. Whoever raises it from the
 * turn that it knows is the first: it says what changed and tells the others, who learn the new turn
 * with that. While a probe is in flight the turn is odd, so that nobody else begins one.
 *
 * Hosts can share a turn by chance. Then a change is told later, or a probe starts later.
 */
export class CommonBreaker {
  readonly #state: CommonState;
  readonly #cell: number;
  /** The last turn that this event loop has learnt, or made; even. */
  #turn: number;
  #isProbing = false;

  /** @param key the host; undefined for the network */
  constructor(state: CommonState, key: string | undefined) {
    this.#state = state;
    this.#cell = state.breakerCell(key);
    this.#turn = roundUp(state.turnOf(this.#cell));
  }

  get turn(): number {
    return this.#turn;
  }

  /** Adds to the failures that all event loops have. */
  addFailures(count: number): void {
    if (count !== 0) this.#state.addFailures(this.#cell, count);
  }

  /**
   * Whether so many requests have failed without a success between them: that many in all event
   * loops, and their share in this one.
   *
   * @param own how many have failed in this event loop
   */
  hasFailed(own: number, times: number): boolean {
    return own * this.#state.count >= times && this.#state.failuresOf(this.#cell) >= times;
  }

  /** Makes a change. @returns whether this event loop is the first with it */
  change(): boolean {
    return this.#isProbing || this.#raise(2);
  }

  /** Begins a probe. @returns whether it may start: no other event loop has one in flight */
  beginProbe(): boolean {
    return this.#isProbing ||= this.#raise(1);
  }

  /** Ends the probe of this event loop, if it has one. @param isOver whether the probe has ended */
  endProbe(isOver = true): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    if (isOver) this.#turn = (this.#turn + 2) | 0;
    this.#state.setTurn(this.#cell, this.#turn);
  }

  /** Learns the turn of a change in another event loop. */
  learn(turn: number): void {
    if (!this.#isProbing) this.#turn = turn;
  }

  #raise(by: 1 | 2): boolean {
    const before = this.#state.exchangeTurn(this.#cell, this.#turn, (this.#turn + by) | 0);
    if (before === this.#turn) {
      if (by === 2) this.#turn = (this.#turn + 2) | 0;
      return true;
    }
    this.#turn = roundUp(before);
    return false;
  }
}

/** The turn after the probe that is in flight, if one is. */
function roundUp(turn: number): number {
  return (turn + (turn & 1)) | 0;
}
