/**
 * The deadlines of what is in flight, without a timer object for each: one sweep over all of them.
 *
 * @module
 */

/** Why something in flight was ended from here: late, without progress, or no longer wanted. */
export type StopReason = "timeout" | "idle" | "cancelled";

/** Something in flight that can be ended. Belongs to at most one {@linkcode Deadlines}. */
export abstract class InFlight {
  /** When it is late, on `performance.now()`'s clock. Set by {@linkcode Deadlines.add}. */
  deadline = 0;
  before: InFlight = this;
  after: InFlight = this;
  /** What {@linkcode progress} was at the sweep at which it was last another, and when that was. */
  seen = 0;
  seenAtMs = 0;
  /** A number that changes with every step forward; 0 while nothing is expected to move. */
  get progress(): number {
    return 0;
  }
  /** Ends it; called at most once. */
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

/** How many sweeps there are within a timeout, if they are neither too often nor too rare. */
const SWEEPS = 20;

/**
 * A ring of what is in flight, in the order of its start, which is that of its deadlines, since
 * all have the same time:
 *
 * ```text
 * head ─► first to be late ─► … ─► last started ─► head
 * ```
 *
 * Adding and removing cost the same however many there are; the sweep looks at the first, and on
 * only while it is late. It comes {@linkcode SWEEPS} times within the timeout, but not more often
 * than every 5 ms and not less often than every 50 ms, and a stop is late by as much at most.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  readonly #idleMs: number | undefined;
  readonly #head = new Head();
  /** A ring of those whose time stands still; their `deadline` is what they have left of it. */
  readonly #held = new Head();
  readonly #sweeps: ReturnType<typeof setInterval>;
  #epochMs = 0;
  #sweptAtMs = performance.now();

  /**
   * @param timeoutMs what each has, in milliseconds, more than 0
   * @param idleMs most milliseconds without progress, more than 0; each sweep then looks at all
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
    Deno.unrefTimer(this.#sweeps);
  }

  /**
   * What to add to a time of `performance.now()` to have milliseconds since the Unix epoch. The
   * two clocks drift apart (NTP, suspension), so it is taken anew with every sweep.
   */
  get epochMs(): number {
    return this.#epochMs;
  }

  #setEpoch(): void {
    this.#epochMs = Date.now() - performance.now();
  }

  /**
   * @param now the time of `performance.now()`, not before that of the last call; by default that
   * of the last sweep, where the deadline may be as much too early as sweeps are apart
   */
  add(item: InFlight, now = this.#sweptAtMs): void {
    item.deadline = now + this.#timeoutMs;
    insertBefore(this.#head, item);
  }

  /** Takes it out; does nothing if it is out already. */
  remove(item: InFlight): void {
    item.before.after = item.after;
    item.after.before = item.before;
    item.before = item.after = item;
  }

  /** Lets the time of one that was added stand still, until {@linkcode resume}. */
  hold(item: InFlight, now: number): void {
    this.remove(item);
    item.deadline -= now;
    insertBefore(this.#held, item);
  }

  /** Lets the time of one that was held run on. */
  resume(item: InFlight, now: number): void {
    this.remove(item);
    item.deadline += now;
    // It may have used a part of its time before it was held.
    let next: InFlight = this.#head;
    while (next.before !== this.#head && next.before.deadline > item.deadline) next = next.before;
    insertBefore(next, item);
  }

  /** Ends all that is late at `now`. */
  sweep(now: number): void {
    this.#stopWhile(this.#head, (item) => item.deadline <= now, "timeout");
    if (this.#idleMs !== undefined) this.#sweepIdle(now, this.#idleMs);
  }

  #sweepIdle(now: number, idleMs: number): void {
    for (let item = this.#head.after, next; item !== this.#head; item = next) {
      next = item.after;
      const { progress } = item;
      if (progress === 0 || progress !== item.seen) {
        item.seen = progress;
        item.seenAtMs = now;
      } else if (now - item.seenAtMs >= idleMs) {
        this.remove(item);
        item.stop("idle");
      }
    }
  }

  /** Ends the one that was added first, if there is one. */
  stopFirst(): void {
    const first = this.#head.after;
    if (first === this.#head) return;
    this.remove(first);
    first.stop("cancelled");
  }

  /** Ends all. */
  cancel(): void {
    for (const head of [this.#head, this.#held]) this.#stopWhile(head, () => true, "cancelled");
  }

  #stopWhile(head: InFlight, late: (item: InFlight) => boolean, why: StopReason): void {
    for (let item = head.after; item !== head && late(item); item = head.after) {
      this.remove(item);
      item.stop(why);
    }
  }

  /** Ends the sweep. */
  close(): void {
    clearInterval(this.#sweeps);
  }
}
