import { hashText } from "../text/hash.ts";

/** The number of circuit breakers that can be told apart; hosts beyond share them. */
const BREAKERS = 65_536;
/** The maximum number of notices about pauses in a run: nobody reads those of a thousand hosts. */
export const MAX_NOTICES = 20;

/** The cells of 32 bits before those of the breakers. */
const LOCK = 0;
const NOTICES = 1;
const HAS_SUCCEEDED = 2;
const ENDED = 3;
const STUCK = 4;
/** How many first requests have failed, where, and whether anything else happened. */
const FIRST_FAILURES = 5;
const FIRST_PLACE = 6;
const IS_REACHED = 7;
/** How many slots are claimed, and how many were returned. */
const CLAIMED = 8;
const RETURNED = 9;
/** The millisecond of the last start, and how many starts it had. */
const BURST_AT = 10;
const BURST = 11;
const CELLS = 12;

/** The cells of 64 bits before those of each event loop. */
const NEXT_SLOT = 0;
const ORIGIN = 1;
const NUMBERS = 2;
/** How many cells of 64 bits there are for each event loop. */
const BY_LOOP = 3;

const FREE = 0;
const LOCKED = 1;
const AWAITED = 2;

/** One of the event loops of a run. */
export interface SharedRun {
  /** What {@linkcode createCommonMemory} has made. */
  readonly memory: SharedArrayBuffer;
  /** From 0 to `count` - 1. */
  readonly index: number;
  /** How many event loops there are, from 1. */
  readonly count: number;
  /** The maximum number of requests in flight of all together. */
  readonly concurrency: number;
  /** When the run began, on the clock that all have in common. */
  readonly startMs: number;
}

/**
 * Makes the memory that the schedules of a run share: 0.5 MB, and some bytes for each.
 *
 * @param count how many event loops the run has, from 1
 */
export function createCommonMemory(count: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(
    8 * (NUMBERS + BY_LOOP * count) + 4 * (CELLS + 2 * BREAKERS),
  );
  const numbers = new Float64Array(memory, 0, NUMBERS + BY_LOOP * count);
  numbers[ORIGIN] = -Infinity;
  numbers.fill(-Infinity, NUMBERS, NUMBERS + count);
  return memory;
}

/**
 * What the schedules of a run have in common, each of them in an event loop of its own. With one
 * event loop it is not used.
 *
 * ```text
 * 64 bits │ next slot │ origin │ of each loop: last hope │ returned slots │ successes │
 * 32 bits │ lock, counts, flags │ turn of each breaker │ failures of each breaker │
 * ```
 *
 * Slots are changed under the lock; everything else is one cell, or has one writer.
 */
export class CommonState {
  readonly index: number;
  readonly count: number;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #numbers: Float64Array<SharedArrayBuffer>;

  constructor({ memory, index, count }: Pick<SharedRun, "memory" | "index" | "count">) {
    this.index = index;
    this.count = count;
    const bytes = 8 * (NUMBERS + BY_LOOP * count);
    this.#numbers = new Float64Array(memory, 0, bytes / 8);
    this.#cells = new Int32Array(memory, bytes);
  }

  /** Counts a notice. @returns whether it is one of the first 20 of the run */
  countNotice(): boolean {
    return Atomics.add(this.#cells, NOTICES, 1) < MAX_NOTICES;
  }

  /** Whether any request has succeeded. */
  get hasSucceeded(): boolean {
    return Atomics.load(this.#cells, HAS_SUCCEEDED) === 1;
  }

  recordSuccess(): void {
    Atomics.store(this.#cells, HAS_SUCCEEDED, 1);
  }

  /** When an event loop last had hope, on the common clock; -Infinity before that. */
  get lastHopeMs(): number {
    let lastMs = -Infinity;
    for (let k = 0; k < this.count; k++) lastMs = Math.max(lastMs, this.#numbers[NUMBERS + k]);
    return lastMs;
  }

  /** Records that this event loop has hope. */
  recordHope(ms: number): void {
    this.#numbers[NUMBERS + this.index] = ms;
  }

  /** Counts a success in this event loop. */
  countSuccess(): void {
    this.#numbers[NUMBERS + 2 * this.count + this.index]++;
  }

  /** How many successes all event loops have counted. */
  get successes(): number {
    let sum = 0;
    for (let k = 0; k < this.count; k++) sum += this.#numbers[NUMBERS + 2 * this.count + k];
    return sum;
  }

  /**
   * Counts a request that found a place unreachable, as long as nothing else has happened.
   *
   * @returns how many there were, this one included; undefined once anything else happened
   */
  countUnreachable(place: string): number | undefined {
    const hash = hashText(place) | 1;
    const before = Atomics.compareExchange(this.#cells, FIRST_PLACE, 0, hash);
    if (before !== 0 && before !== hash) this.recordReached();
    if (this.isReached) return undefined;
    return Atomics.add(this.#cells, FIRST_FAILURES, 1) + 1;
  }

  /** How many requests found the first place unreachable. */
  get firstFailures(): number {
    return Atomics.load(this.#cells, FIRST_FAILURES);
  }

  get isReached(): boolean {
    return Atomics.load(this.#cells, IS_REACHED) === 1;
  }

  /** Records that a request found another place, or succeeded. */
  recordReached(): void {
    Atomics.store(this.#cells, IS_REACHED, 1);
  }

  /** Counts this event loop among those that have nothing to start, once; or, with -1, no more. */
  recordEnd(count: 1 | -1 = 1): void {
    Atomics.add(this.#cells, ENDED, count);
  }

  /** Counts this event loop among those that only wait for an unreachable host. Only once. */
  recordStuck(): void {
    Atomics.add(this.#cells, STUCK, 1);
  }

  /** Whether nothing can start any more, because the only host is unreachable. */
  get isStuck(): boolean {
    const stuck = Atomics.load(this.#cells, STUCK);
    return stuck > 0 && stuck + Atomics.load(this.#cells, ENDED) >= this.count;
  }

  /** The cell of a breaker. @param key its host; undefined for the network */
  breakerCell(key: string | undefined): number {
    return CELLS + (key === undefined ? 0 : 1 + hashText(key) % (BREAKERS - 1));
  }

  /** Changes the turn of a breaker if it is `from`. @returns what it was */
  exchangeTurn(cell: number, from: number, to: number): number {
    return Atomics.compareExchange(this.#cells, cell, from, to);
  }

  setTurn(cell: number, turn: number): void {
    Atomics.store(this.#cells, cell, turn);
  }

  readTurn(cell: number): number {
    return Atomics.load(this.#cells, cell);
  }

  /** Adds to the failures that a breaker has in all event loops. */
  addFailures(cell: number, count: number): void {
    Atomics.add(this.#cells, cell + BREAKERS, count);
  }

  readFailures(cell: number): number {
    return Atomics.load(this.#cells, cell + BREAKERS);
  }

  /** Nobody else changes slots until {@linkcode unlock}. Between them, nothing waits or throws. */
  lock(): void {
    const cells = this.#cells;
    if (Atomics.compareExchange(cells, LOCK, FREE, LOCKED) === FREE) return;
    while (Atomics.exchange(cells, LOCK, AWAITED) !== FREE) Atomics.wait(cells, LOCK, AWAITED);
  }

  unlock(): void {
    const cells = this.#cells;
    if (Atomics.exchange(cells, LOCK, FREE) === AWAITED) Atomics.notify(cells, LOCK, 1);
  }

  /** When slot 0 is due, on the common clock; -Infinity before the first claim. Locked. */
  get originMs(): number {
    return this.#numbers[ORIGIN];
  }

  set originMs(ms: number) {
    this.#numbers[ORIGIN] = ms;
  }

  /** How many slots are claimed, and not used yet. */
  get claimed(): number {
    return Atomics.load(this.#cells, CLAIMED);
  }

  /** Records that a claimed slot is used, in a millisecond on the common clock. */
  useSlot(ms: number): void {
    const cells = this.#cells;
    Atomics.sub(cells, CLAIMED, 1);
    if (this.countStarts(ms) === 0) {
      Atomics.store(cells, BURST_AT, ms | 0);
      Atomics.store(cells, BURST, 0);
    }
    Atomics.add(cells, BURST, 1);
  }

  /** About how many slots were used in a millisecond, if none was used since. */
  countStarts(ms: number): number {
    return Atomics.load(this.#cells, BURST_AT) === (ms | 0) ? Atomics.load(this.#cells, BURST) : 0;
  }

  /** Claims the first slot that is free. Locked. */
  claimSlot(): number {
    Atomics.add(this.#cells, CLAIMED, 1);
    return this.#popReturned(Infinity) ?? this.#numbers[NEXT_SLOT]++;
  }

  /** Returns a claimed slot. Locked. @returns whether a later one is claimed or used */
  returnSlot(slot: number): boolean {
    Atomics.sub(this.#cells, CLAIMED, 1);
    this.#pushReturned(slot);
    // What nobody has gone beyond need not be kept.
    const from = NUMBERS + this.count;
    for (let count = this.#cells[RETURNED]; count > 0; count = this.#cells[RETURNED]) {
      const at = this.#numbers.subarray(from, from + count).indexOf(this.#numbers[NEXT_SLOT] - 1);
      if (at === -1) return this.#numbers.subarray(from, from + count).includes(slot);
      this.#removeReturned(at);
      this.#numbers[NEXT_SLOT]--;
    }
    return false;
  }

  /** Exchanges a claimed slot for an earlier one that was returned. Locked. @returns the slot */
  exchangeSlot(slot: number): number {
    const earlier = this.#popReturned(slot);
    if (earlier === undefined) return slot;
    this.#pushReturned(slot);
    return earlier;
  }

  /** Takes out the first of the returned slots that is before another. */
  #popReturned(before: number): number | undefined {
    const count = this.#cells[RETURNED];
    const from = NUMBERS + this.count;
    let first = before;
    let at = -1;
    for (let k = 0; k < count; k++) {
      if (this.#numbers[from + k] >= first) continue;
      first = this.#numbers[from + k];
      at = k;
    }
    if (at === -1) return undefined;
    this.#removeReturned(at);
    return first;
  }

  /** There is room: each event loop has claimed at most one slot, and returned ones go first. */
  #pushReturned(slot: number): void {
    this.#numbers[NUMBERS + this.count + this.#cells[RETURNED]++] = slot;
  }

  #removeReturned(at: number): void {
    const from = NUMBERS + this.count;
    this.#numbers[from + at] = this.#numbers[from + --this.#cells[RETURNED]];
  }
}
