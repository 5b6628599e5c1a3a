/**
 * A bounded pool over a lazy iterable, in the style of `pooledMap` of `@std/async`: results come
 * as they complete, a completion costs the same whatever the concurrency, and the pool waits for
 * its consumer.
 *
 * @module
 */
import type { MaybePromise, Source } from "./types.ts";

/** Options for {@linkcode asCompleted}. */
export interface AsCompletedOptions {
  /** Most tasks at once, results that nobody took yet included; a whole number from 1. */
  concurrency: number;
  /** Ends the iteration with the signal's reason, once the running tasks have settled. */
  signal?: AbortSignal;
}

/**
 * Runs a task for each item of an iterable, at most `concurrency` at once, and gives the results
 * in the order in which they complete.
 *
 * Nothing runs before the first `next()`. An item is pulled only when a worker is free, one item
 * at a time; a worker whose result nobody took yet is not free. So at most `concurrency` items
 * are anywhere between the source and the consumer, however slow the consumer is.
 *
 * The iteration ends early when the consumer stops (`break`, `return()`), a task or the source
 * fails, or `signal` aborts. Then nothing more is pulled, the signal that the tasks were given
 * aborts, the source is closed (its `return()`), and only when every running task has settled
 * does the iteration end: nothing is left running. The first failure is thrown, after the results
 * that were complete before it; the tasks' later ones are dropped.
 *
 * @example Usage
 * ```ts
 * import { asCompleted } from "@myriad/myriad";
 * import { assertEquals } from "@std/assert";
 *
 * function* delays() {
 *   yield* [30, 0, 10];
 * }
 * const done: number[] = [];
 * for await (
 *   const ms of asCompleted(
 *     delays(),
 *     (ms) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms)),
 *     { concurrency: 3 },
 *   )
 * ) {
 *   done.push(ms);
 * }
 * assertEquals(done, [0, 10, 30]);
 * ```
 *
 * @typeParam T The type of the items.
 * @typeParam R The type of the results.
 * @param items Where items come from: an iterable, an async one, or a {@linkcode Source}.
 * @param task What to do with an item; the signal aborts when the iteration ends early.
 * @returns The results, in the order of completion.
 * @throws {RangeError} If `concurrency` is not a whole number from 1 to 2^32 - 1.
 */
export function asCompleted<T, R>(
  items: Iterable<T> | AsyncIterable<T> | Source<T>,
  task: (item: T, signal: AbortSignal) => MaybePromise<R>,
  options: AsCompletedOptions,
): AsyncIterableIterator<R, undefined, void> {
  return new Pool(items, task, options);
}

type Step<R> = IteratorResult<R, undefined>;

class Pool<T, R> implements AsyncIterableIterator<R, undefined, void> {
  readonly #items: Iterable<T> | AsyncIterable<T> | Source<T>;
  readonly #task: (item: T, signal: AbortSignal) => MaybePromise<R>;
  readonly #concurrency: number;
  readonly #outer: AbortSignal | undefined;
  readonly #inner = new AbortController();

  /** Set by the first `next()`. */
  #source: Source<T> | undefined;
  /** Whether an asynchronous `next()` of the source is outstanding. There is at most one. */
  #pulling = false;
  /** No item is pulled any more: the source is done, or the iteration ends early. */
  #ended = false;
  /** The first failure, until it was thrown. */
  #failure: { reason: unknown } | undefined;
  /** The source's answer to `return()`, if it had to be asked. */
  #closing: Promise<unknown> | undefined;

  #running = 0;
  /**
   * Results that nobody took yet, a ring: the oldest at `#head`, `#count` of them.
   * Invariant: `#running + #count <= #concurrency`, which is the ring's length.
   */
  readonly #ring: (R | undefined)[];
  #head = 0;
  #count = 0;
  /** Calls of `next()` that wait; bounded by how many the consumer makes. Empty if `#count > 0`. */
  readonly #waiters: ((step: MaybePromise<Step<R>>) => void)[] = [];
  /** Who waits for everything to have settled, after an early end. */
  #idle: PromiseWithResolvers<void> | undefined;

  // Bound once for the pool, not once for each item.
  readonly #onResult = (result: R): void => this.#complete(result);
  readonly #onTaskError = (reason: unknown): void => {
    this.#running--;
    this.#fail(reason);
    this.#settle();
  };
  readonly #onItem = (step: IteratorResult<T, unknown>): void => {
    this.#pulling = false;
    if (this.#ended) return this.#settle();
    if (step.done) this.#ended = true;
    else this.#launch(step.value);
    this.#fill();
    this.#settle();
  };
  readonly #onSourceError = (reason: unknown): void => {
    this.#pulling = false;
    this.#failAtSource(reason);
    this.#settle();
  };
  readonly #onAbort = (): void => {
    this.#fail(this.#outer!.reason);
    this.#settle();
  };

  constructor(
    items: Iterable<T> | AsyncIterable<T> | Source<T>,
    task: (item: T, signal: AbortSignal) => MaybePromise<R>,
    { concurrency, signal }: AsCompletedOptions,
  ) {
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency >= 2 ** 32) {
      throw new RangeError(
        `Cannot create a pool as 'concurrency' must be a positive integer: current value is ${concurrency}`,
      );
    }
    this.#items = items;
    this.#task = task;
    this.#concurrency = concurrency;
    this.#outer = signal;
    this.#ring = new Array(concurrency);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step<R>> {
    if (this.#source === undefined) this.#start();
    if (this.#count > 0) {
      const value = this.#ring[this.#head] as R;
      this.#ring[this.#head] = undefined;
      this.#head = this.#head + 1 === this.#concurrency ? 0 : this.#head + 1;
      this.#count--;
      this.#fill();
      return Promise.resolve({ value, done: false });
    }
    const { promise, resolve } = Promise.withResolvers<Step<R>>();
    this.#waiters.push(resolve);
    this.#fill();
    this.#settle();
    return promise;
  }

  async return(): Promise<Step<R>> {
    // Started or not, the source may hold something open.
    this.#source ??= open(this.#items);
    this.#failure = undefined;
    this.#ring.fill(undefined);
    this.#count = 0;
    this.#end();
    if (this.#running > 0 || this.#pulling) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    this.#settle();
    await this.#closing;
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start(): void {
    this.#source = open(this.#items);
    if (this.#outer?.aborted) this.#fail(this.#outer.reason);
    else this.#outer?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Gives every free worker an item, as far as the source has them at hand. */
  #fill(): void {
    while (
      !this.#ended && !this.#pulling && this.#running + this.#count < this.#concurrency
    ) {
      let step;
      try {
        step = this.#source!.next();
      } catch (reason) {
        return this.#failAtSource(reason);
      }
      if (step instanceof Promise || "then" in step) {
        this.#pulling = true;
        (step as Promise<IteratorResult<T, unknown>>).then(this.#onItem, this.#onSourceError);
      } else if (step.done) {
        this.#ended = true;
      } else {
        this.#launch(step.value);
      }
    }
  }

  #launch(item: T): void {
    this.#running++;
    let result;
    try {
      result = this.#task(item, this.#inner.signal);
    } catch (reason) {
      this.#running--;
      return this.#fail(reason);
    }
    if (result instanceof Promise) result.then(this.#onResult, this.#onTaskError);
    else Promise.resolve(result).then(this.#onResult, this.#onTaskError);
  }

  #complete(result: R): void {
    this.#running--;
    if (this.#inner.signal.aborted) return this.#settle();
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter({ value: result, done: false });
      this.#fill();
    } else {
      const tail = this.#head + this.#count;
      this.#ring[tail < this.#concurrency ? tail : tail - this.#concurrency] = result;
      this.#count++;
    }
    this.#settle();
  }

  /** Ends the iteration early, and remembers the first reason. */
  #fail(reason: unknown): void {
    if (this.#inner.signal.aborted) return;
    this.#failure = { reason };
    this.#end();
  }

  /** As {@linkcode #fail}, for a source that has ended itself by its failure: it needs no closing. */
  #failAtSource(reason: unknown): void {
    this.#closing ??= Promise.resolve();
    this.#fail(reason);
  }

  /** Pulls no more, tells the tasks, and closes a source that is not done. */
  #end(): void {
    if (!this.#ended) {
      this.#closing ??= close(this.#source!);
      // Whoever waits for it sees how it failed; if nobody does, it is not to end the process.
      this.#closing.catch(() => {});
    }
    this.#ended = true;
    this.#inner.abort();
  }

  /** Once nothing runs any more, answers whoever waits. */
  #settle(): void {
    if (!this.#ended || this.#running > 0 || this.#pulling) return;
    this.#outer?.removeEventListener("abort", this.#onAbort);
    this.#idle?.resolve();
    for (const waiter of this.#waiters.splice(0)) {
      const failure = this.#failure;
      this.#failure = undefined;
      const end = (): Step<R> => {
        if (failure !== undefined) throw failure.reason;
        return { value: undefined, done: true };
      };
      // The task's or source's failure is what the consumer should see, not that of closing.
      const closed = this.#closing?.catch((reason) => {
        if (failure === undefined) throw reason;
      });
      waiter((closed ?? Promise.resolve()).then(end));
    }
  }
}

function open<T>(items: Iterable<T> | AsyncIterable<T> | Source<T>): Source<T> {
  if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
  if (Symbol.iterator in items) return items[Symbol.iterator]();
  return items;
}

async function close(source: Source<unknown>): Promise<void> {
  await source.return?.();
}
