/**
 * The pool as an iterable, in the style of `pooledMap` of `@std/async`: results come as they
 * complete, and not in the order of the items.
 *
 * @module
 */
import { Pool } from "./pool.ts";
import type { MaybePromise, Source } from "./stream.ts";

/** Options for {@linkcode asCompleted}. */
export interface AsCompletedOptions {
  /**
   * The maximum number of tasks at once, results that nobody took yet included; a whole number from
   * 1.
   */
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
 * @throws {TypeError} If `items` is not an iterable object.
 */
export function asCompleted<T, R>(
  items: Iterable<T> | AsyncIterable<T> | Source<T>,
  task: (item: T, signal: AbortSignal) => MaybePromise<R>,
  options: AsCompletedOptions,
): AsyncIterableIterator<R, undefined, void> {
  return new AsCompleted(items, task, options);
}

/** A result that nobody took yet. */
interface Untaken<R> {
  readonly value: R;
  /** Lets its worker continue. */
  readonly release: () => void;
  next: Untaken<R> | undefined;
}

class AsCompleted<T, R> implements AsyncIterableIterator<R, undefined, void> {
  readonly #pool: Pool<T, R>;
  readonly #signal: AbortSignal | undefined;
  readonly #tasks = new AbortController();
  /** What the pool's `run()` gave; set by the first `next()`. */
  #run: Promise<void> | undefined;
  #isOver = false;
  /** Why it ended, until that was thrown. */
  #failure: { reason: unknown } | undefined;
  /** Results that nobody took yet, the oldest first; at most as many as the concurrency. */
  #first: Untaken<R> | undefined;
  #last: Untaken<R> | undefined;
  /** Calls of `next()` that wait; bounded by how many the consumer makes. None beside results. */
  readonly #waiters: PromiseWithResolvers<IteratorResult<R, undefined>>[] = [];

  readonly #onAbort = (): void => {
    this.#failure = { reason: this.#signal!.reason };
    this.#pool.stop();
  };

  constructor(
    items: Iterable<T> | AsyncIterable<T> | Source<T>,
    task: (item: T, signal: AbortSignal) => MaybePromise<R>,
    { concurrency, signal }: AsCompletedOptions,
  ) {
    this.#signal = signal;
    this.#pool = new Pool<T, R>(items, {
      concurrency,
      start: (item, done, fail) => {
        const result = task(item, this.#tasks.signal);
        (result instanceof Promise ? result : Promise.resolve(result)).then(done, fail);
      },
      onResult: (value) => this.#offer(value),
      onStop: () => this.#tasks.abort(),
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#run === undefined) this.#start();
    const untaken = this.#first;
    if (untaken !== undefined) {
      this.#first = untaken.next;
      untaken.release();
      return Promise.resolve({ value: untaken.value, done: false });
    }
    const waiter = Promise.withResolvers<IteratorResult<R, undefined>>();
    this.#waiters.push(waiter);
    if (this.#isOver) this.#settleAll();
    return waiter.promise;
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    this.#pool.stop();
    for (; this.#first !== undefined; this.#first = this.#first.next) this.#first.release();
    try {
      await (this.#run ??= this.#pool.run());
    } catch (reason) {
      // The consumer knows why it stops; only that closing failed is news.
      if (!this.#pool.hasFailed) throw reason;
    } finally {
      this.#isOver = true;
      this.#failure = undefined;
    }
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start(): void {
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#run = this.#pool.run();
    this.#run.then(() => this.#end(), (reason) => this.#end({ reason }));
  }

  #offer(value: R): MaybePromise<void> {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve({ value, done: false });
    const { promise, resolve: release } = Promise.withResolvers<void>();
    const untaken = { value, release, next: undefined };
    if (this.#first === undefined) this.#first = untaken;
    else this.#last!.next = untaken;
    this.#last = untaken;
    return promise;
  }

  #end(failure?: { reason: unknown }): void {
    this.#isOver = true;
    this.#failure ??= failure;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#settleAll();
  }

  /** Settles all calls that wait once it is over: the first one with the failure, if there was one. */
  #settleAll(): void {
    for (const waiter of this.#waiters.splice(0)) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) waiter.reject(failure.reason);
      else waiter.resolve({ value: undefined, done: true });
    }
  }
}
