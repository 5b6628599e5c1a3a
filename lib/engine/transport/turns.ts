import type { ByteBudget } from "../byte_budget.ts";

/** The time that the event loops of a run have in common, in milliseconds. */
function readCommonMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The shortest time between two looks at the budget, in milliseconds. */
const MIN_LOOK_MS = 1;
/** The longest; a timer of 2^31 ms or more would fire at once, again and again. */
const MAX_LOOK_MS = 60_000;

/**
 * Those that wait for a budget, in the order of their coming. When it is out of debt, the first get
 * their turn; then, each millisecond, twice as many as before, until it is in debt again. What a turn
 * costs may be known only later, so they do not all get theirs at once.
 */
export class Turns<T> {
  readonly #budget: ByteBudget;
  readonly #grant: (item: T) => void;
  readonly #firstBatch: number;
  #batch: number;
  /** Bounded by the number of connections: each is here once. */
  readonly #waiting = new Set<T>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param grant gives something its turn
   * @param firstBatch how many get their turn at first; Infinity where each is charged at once
   */
  constructor(budget: ByteBudget, grant: (item: T) => void, firstBatch: number) {
    this.#budget = budget;
    this.#grant = grant;
    this.#firstBatch = this.#batch = firstBatch;
  }

  /** Whether nothing has to wait now. */
  get isFree(): boolean {
    return this.#waiting.size === 0 && this.#budget.debtMs(readCommonMs()) <= 0;
  }

  /** Charges bytes. @returns whether the budget is in debt */
  charge(bytes: number): boolean {
    const nowMs = readCommonMs();
    this.#budget.charge(bytes, nowMs);
    return this.#budget.debtMs(nowMs) > 0;
  }

  /** Lets something wait for its turn behind the others. */
  wait(item: T): void {
    this.#waiting.add(item);
    this.#timer ??= setTimeout(this.#look, this.#lookAfterMs(readCommonMs()));
  }

  has(item: T): boolean {
    return this.#waiting.has(item);
  }

  /** It does not wait any more. */
  forget(item: T): void {
    this.#waiting.delete(item);
    if (this.#waiting.size === 0) this.close();
  }

  #lookAfterMs(nowMs: number): number {
    return Math.min(MAX_LOOK_MS, Math.max(MIN_LOOK_MS, this.#budget.debtMs(nowMs)));
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    let count = 0;
    for (const item of this.#waiting) {
      if (this.#budget.debtMs(readCommonMs()) > 0) {
        count = 0;
        break;
      }
      if (count === this.#batch) break;
      count++;
      this.#waiting.delete(item);
      this.#grant(item);
    }
    this.#batch = count > 0 ? 2 * this.#batch : this.#firstBatch;
    if (this.#waiting.size === 0) this.#batch = this.#firstBatch;
    else this.#timer ??= setTimeout(this.#look, this.#lookAfterMs(readCommonMs()));
  };

  /** Ends the looks at the budget. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
