/**
 * Deadlines of whatever is in flight: one sweep over all of them instead of a timer for each.
 *
 * @module
 */

/** Why something in flight was ended by this program: it was late, did not move, or was cancelled. */
export type StopReason = "timeout" | "idle" | "cancelled";

/** Something in flight that can be ended. It belongs to at most one {@linkcode Deadlines}. */
export abstract class InFlight {
  /** When it is late, as a time of `performance.now()`. Set by {@linkcode Deadlines.add}. */
  deadline = 0;
  before: InFlight = this;
  after: InFlight = this;
  /** The last value of {@linkcode progress} that a sweep saw, and when a sweep first saw it. */
  seen = 0;
  seenAtMs = 0;
  /** A number that changes with every step forward; 0 while no step is expected. */
  get progress(): number {
    return 0;
  }
  /** Ends it. Called at most once. */
  abstract stop(why: StopReason): void;
}

class Head extends InFlight {
  override stop(): void {}
}

function insertBefore(next: InFlight, item: InFlight): void {
  item.before = next.before;
  item.after = next;
  next.before.after = item;
  next.before = item;
}

/** Lets the process end while a timer goes on. Node's timers are objects. */
function unref(timer: number | { unref(): void }): void {
  if (typeof timer === "number") Deno.unrefTimer(timer);
  else timer.unref();
}

/** How many sweeps there are within a timeout, within the bounds of their interval. */
const SWEEPS = 20;

/**
 * A ring of items in flight, in the order of their starts. That is the order of their deadlines,
 * because all items have the same time:
 *
 * ```text
 * head ─► first to be late ─► … ─► last started ─► head
 * ```
 *
 * Adding and removing an item take constant time. A sweep looks at the first item, and continues
 * only while items are late. There are {@linkcode SWEEPS} sweeps within the timeout, 5 to 50 ms
 * apart, so an item is stopped at most that much too late.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  readonly #idleMs: number | undefined;
  readonly #head = new Head();
  /** A ring of items whose time stands still; their `deadline` is the time that they have left. */
  readonly #held = new Head();
  readonly #sweeps: ReturnType<typeof setInterval>;
  #epochMs = 0;
  #sweptAtMs = performance.now();

  /**
   * @param timeoutMs the milliseconds that each item has, more than 0
   * @param idleMs the most milliseconds without progress, more than 0; each sweep then looks at all
   * items
   */
  constructor(timeoutMs: number, idleMs?: number) {
    this.#timeoutMs = timeoutMs;
    this.#idleMs = idleMs;
    this.#setEpoch();
    const everyMs = Math.min(50, Math.max(5, Math.min(timeoutMs, idleMs ?? Infinity) / SWEEPS));
    this.#sweeps = setInterval(() => {
      this.#setEpoch();
      this.#sweptAtMs = performance.now();
      this.sweep(this.#sweptAtMs);
    }, everyMs);
    unref(this.#sweeps);
  }

  /**
   * What to add to a time of `performance.now()` to get milliseconds since the Unix epoch. The two
   * clocks drift apart (NTP, suspension), so every sweep sets it again.
   */
  get epochMs(): number {
    return this.#epochMs;
  }

  #setEpoch(): void {
    this.#epochMs = Date.now() - performance.now();
  }

  /**
   * Adds an item.
   *
   * @param now the time of `performance.now()`, not before that of the last call. By default the time
   * of the last sweep: the deadline is then too early by at most the interval of the sweeps
   */
  add(item: InFlight, now = this.#sweptAtMs): void {
    item.deadline = now + this.#timeoutMs;
    insertBefore(this.#head, item);
  }

  /** Removes an item, if it is there. */
  remove(item: InFlight): void {
    item.before.after = item.after;
    item.after.before = item.before;
    item.before = item.after = item;
  }

  /** Stops the clock of an item until {@linkcode resume}. */
  hold(item: InFlight, now: number): void {
    this.remove(item);
    item.deadline -= now;
    insertBefore(this.#held, item);
  }

  /** Lets the clock of an item run again. */
  resume(item: InFlight, now: number): void {
    this.remove(item);
    item.deadline += now;
    // The item may have used a part of its time before it was held.
    let next: InFlight = this.#head;
    while (next.before !== this.#head && next.before.deadline > item.deadline) next = next.before;
    insertBefore(next, item);
  }

  /** Ends all items that are late at `now`. */
  sweep(now: number): void {
    this.#stopWhile(this.#head, (item) => item.deadline <= now, "timeout");
    if (this.#idleMs !== undefined) this.#sweepIdle(now, this.#idleMs);
  }

  #sweepIdle(now: number, idleMs: number): void {
    const late: InFlight[] = [];
    for (let item = this.#head.after; item !== this.#head; item = item.after) {
      const { progress } = item;
      if (progress === 0 || progress !== item.seen) {
        item.seen = progress;
        item.seenAtMs = now;
      } else if (now - item.seenAtMs >= idleMs) {
        late.push(item);
      }
    }
    for (const item of late) {
      // The end of another one may have ended it, or begun it anew.
      if (item.after === item || item.progress !== item.seen) continue;
      this.remove(item);
      item.stop("idle");
    }
  }

  /** Ends the item that was added first, if there is any. */
  stopFirst(): void {
    const first = this.#head.after;
    if (first === this.#head) return;
    this.remove(first);
    first.stop("cancelled");
  }

  /** Ends the first item that is wanted, if there is one: it looks at all of them. */
  cancelOne(isWanted: (item: InFlight) => boolean): void {
    for (const head of [this.#head, this.#held]) {
      for (let item = head.after; item !== head; item = item.after) {
        if (!isWanted(item)) continue;
        this.remove(item);
        return item.stop("cancelled");
      }
    }
  }

  /** Ends all items. */
  cancel(): void {
    for (const head of [this.#head, this.#held]) this.#stopWhile(head, () => true, "cancelled");
  }

  #stopWhile(head: InFlight, late: (item: InFlight) => boolean, why: StopReason): void {
    for (let item = head.after; item !== head && late(item); item = head.after) {
      this.remove(item);
      item.stop(why);
    }
  }

  /** Ends the sweeps. */
  close(): void {
    clearInterval(this.#sweeps);
  }
}
