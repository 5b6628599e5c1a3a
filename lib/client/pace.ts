import { LocalPacer } from "../schedule/local_pacer.ts";
import { MAX_TIMER_MS } from "../schedule/long_timer.ts";
import type { Duration, Rate } from "./options.ts";
import { PURPOSES, readFlags } from "./read_flags.ts";

/** A schedule of starts; each option as the flag of `myriad run` of the same name. */
export interface PaceOptions {
  /** How many items become due. Either it or `stages` has to be there. */
  readonly rate?: Rate;
  /** The time over which the rate rises from 0 to its value. */
  readonly rampUp?: Duration;
  /** Rates one after the other, as in `30s:100/s,2m:1000/s,30s:0`; it ends with the last. */
  readonly stages?: string;
}

/**
 * Gives the items of an iterable on a schedule that does not wait for anybody: an item is due at its
 * time even if the consumer is late, and what is overdue comes at once.
 *
 * @example Ten a second, whatever is done with them
 * ```ts
 * import { asCompleted, pace } from "@myriad/myriad";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const begin = performance.now();
 * const squares: number[] = [];
 * const square = (n: number) => Promise.resolve(n * n);
 * const items = pace([1, 2, 3, 4], { rate: "100/s" });
 * for await (const n of asCompleted(items, square, { concurrency: 2 })) squares.push(n);
 * assertEquals(squares, [1, 4, 9, 16]);
 * assert(performance.now() - begin > 29); // the first at once, three more 10 ms apart
 * ```
 *
 * When the consumer stops (`break`, `return()`), it waits no longer, and the items are closed.
 *
 * @throws {RangeError} By the iterator, if an option has a wrong value or all are missing.
 */
export function pace<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: PaceOptions,
): AsyncIterableIterator<T, void, void> {
  const stop = new AbortController();
  const paced = giveAtTimes(items, options, stop.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => paced.next(),
    return() {
      // A generator that waits takes no `return()` before the end of its wait.
      stop.abort();
      return paced.return();
    },
  };
}

async function* giveAtTimes<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: PaceOptions,
  signal: AbortSignal,
): AsyncGenerator<T, void, void> {
  const { rate, rampUpMs, stages } = await readFlags(options, "pace");
  if (rate === undefined) {
    throw new RangeError(`Cannot ${PURPOSES.pace}: there is no rate: set 'rate' or 'stages'`);
  }
  const pacer = new LocalPacer({ rate, rampUpMs, stages: stages?.steps });
  let freeSinceMs = performance.now();
  for await (const item of items) {
    pacer.claim(performance.now());
    for (let now; !signal.aborted && (now = performance.now()) < pacer.dueMs;) {
      await wait(Math.min(MAX_TIMER_MS, pacer.dueMs - now), signal);
    }
    if (signal.aborted || pacer.isOver(freeSinceMs)) return;
    pacer.advance();
    yield item;
    freeSinceMs = performance.now();
  }
}

/** Waits, at most until the signal is aborted, which it is not yet. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
