/**
 * A bounded pool over a lazy source. A completion costs the same whatever the concurrency, and the
 * pool waits until its results are taken.
 *
 * @module
 */
import type { MaybePromise, Source, Step } from "./stream.ts";

/**
 * After this many items the pool asks for a turn of the event loop, and after twice as many it waits
 * for that turn. Items that end at once, like invalid URLs, would otherwise leave no turn to timers
 * and signals. Other items take turns by themselves.
 */
const ITEMS_A_TURN = 4_096;

/** Options for a {@linkcode Pool}. */
export interface PoolOptions<T, R> {
  /** The maximum number of items that were started and whose results were not taken yet; from 1. */
  concurrency: number;
  /**
   * Starts an item, and calls `done` or `fail` once, at once or later. What it throws counts as a call
   * of `fail`.
   */
  start(item: T, done: (result: R) => void, fail: (reason: unknown) => void): void;
  /** Called with each result; a promise where the next item has to wait. */
  onResult(result: R): MaybePromise<void>;
  /** Called when the pool ends before its source does, possibly with items still running. */
  onStop?(): void;
  /**
   * Calls back when the event loop has had a turn. @returns a function that cancels it
   * @default a timer of 0 ms
   */
  afterTurn?(callback: () => void): () => void;
}

/**
 * Workers on one source: each pulls an item when it is free, starts it, and is free again once the
 * result is taken. No promise and no closure is made for an item.
 *
 * ```text
 * source ──next()──► start ──done──► onResult ──► free, which pulls the next
 * ```
 *
 * A task, an `onResult` or a source that fails ends it early, as {@linkcode stop} does: nothing more is
 * pulled, the source is closed, and later results are dropped.
 */
export class Pool<T, R> {
  readonly #source: Source<T>;
  readonly #options: PoolOptions<T, R>;
  readonly #over = Promise.withResolvers<void>();
  #running = 0;
  /** Whether a promise of the source's `next()` is outstanding. There is at most one. */
  #isPulling = false;
  /** Whether items are being started: a worker that becomes free meanwhile need not pull. */
  #isFilling = false;
  /** How many items were started since the last known turn of the event loop. */
  #sinceTurn = 0;
  #cancelTurn: (() => void) | undefined;
  readonly #onTurn = (): void => {
    this.#cancelTurn = undefined;
    this.#sinceTurn = 0;
    this.#fill();
  };
  /** Whether no more items are pulled: the source is done, or the pool ends early. */
  #hasEnded = false;
  #isStopped = false;
  /** The first failure. */
  #failure: { reason: unknown } | undefined;
  /** The promise of closing the source, if it had to be closed. */
  #closing: Promise<void> | undefined;

  readonly #onDone = (result: R): void => {
    if (this.#isStopped) return this.#free();
    let taken;
    try {
      taken = this.#options.onResult(result);
    } catch (reason) {
      return this.#onFail(reason);
    }
    if (taken === undefined) this.#free();
    else taken.then(this.#onFree, this.#onFail);
  };
  readonly #onFree = (): void => this.#free();
  readonly #onFail = (reason: unknown): void => {
    this.#running--;
    this.#stop({ reason });
  };
  readonly #onItem = (step: Step<T>): void => {
    this.#isPulling = false;
    if (!this.#hasEnded) {
      if (step.done) this.#hasEnded = true;
      else this.#launch(step.value);
    }
    this.#fill();
  };
  readonly #onSourceError = (reason: unknown): void => {
    this.#isPulling = false;
    // A source that throws has ended, and needs no closing.
    this.#hasEnded = true;
    this.#stop({ reason });
  };

  /**
   * @throws {RangeError} If `concurrency` is not a whole number from 1 to 2^32 - 1.
   * @throws {TypeError} If there are no items to iterate over.
   */
  constructor(
    items: Iterable<T> | AsyncIterable<T> | Source<T>,
    options: PoolOptions<T, R>,
  ) {
    const { concurrency } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency >= 2 ** 32) {
      throw new RangeError(
        `Cannot create a pool as 'concurrency' must be a positive integer: current value is ${concurrency}`,
      );
    }
    this.#source = open(items);
    this.#options = options;
  }

  /**
   * Works until the source is done and every result is taken, or the pool has ended early and
   * nothing runs any more. Call it once.
   *
   * @throws What failed first: a task, `onResult`, the source, or closing it.
   */
  run(): Promise<void> {
    this.#fill();
    return this.#over.promise;
  }

  /** Ends it early. */
  stop(): void {
    this.#stop(undefined);
  }

  #stop(failure: { reason: unknown } | undefined): void {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#failure = failure;
      if (!this.#hasEnded) {
        this.#hasEnded = true;
        this.#close();
      }
      this.#options.onStop?.();
    }
    this.#settle();
  }

  #close(): void {
    this.#closing = close(this.#source);
    // `run()` tells how it failed. If nothing waits for that, it must not end the process.
    this.#closing.catch(() => {});
  }

  #free(): void {
    this.#running--;
    this.#fill();
  }

  /** Gives every free worker an item, as long as the source has items at hand. */
  #fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const { concurrency } = this.#options;
    while (
      !this.#hasEnded && !this.#isPulling && this.#running < concurrency &&
      this.#sinceTurn < 2 * ITEMS_A_TURN
    ) {
      let step;
      try {
        step = this.#source.next();
      } catch (reason) {
        this.#onSourceError(reason);
        break;
      }
      if (step instanceof Promise || "then" in step) {
        this.#isPulling = true;
        (step as Promise<Step<T>>).then(this.#onItem, this.#onSourceError);
      } else if (this.#isStopped) {
        // The source has stopped the pool itself: while it ran, it could not be closed.
        if (step.done) this.#closing = undefined;
        else this.#close();
      } else if (step.done) {
        this.#hasEnded = true;
      } else {
        this.#launch(step.value);
      }
    }
    this.#isFilling = false;
    this.#settle();
  }

  #launch(item: T): void {
    this.#running++;
    if (++this.#sinceTurn === ITEMS_A_TURN) {
      this.#cancelTurn = (this.#options.afterTurn ?? afterTurn)(this.#onTurn);
    }
    try {
      this.#options.start(item, this.#onDone, this.#onFail);
    } catch (reason) {
      this.#onFail(reason);
    }
  }

  /** Settles the promise of {@linkcode run} once nothing runs any more. */
  #settle(): void {
    if (!this.#hasEnded || this.#running > 0 || this.#isPulling || this.#isFilling) return;
    this.#cancelTurn?.();
    const failure = this.#failure;
    if (failure === undefined) return this.#over.resolve(this.#closing);
    // The caller should see the first failure, not that of closing.
    const reject = (): void => this.#over.reject(failure.reason);
    if (this.#closing === undefined) reject();
    else this.#closing.then(reject, reject);
  }

  /** Whether a task, `onResult` or the source failed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }
}

function afterTurn(callback: () => void): () => void {
  const timer = setTimeout(callback, 0);
  return () => clearTimeout(timer);
}

function open<T>(items: Iterable<T> | AsyncIterable<T> | Source<T>): Source<T> {
  // A string is iterable, too, but nobody means its characters.
  if (typeof items !== "object" || items === null) {
    throw new TypeError("Cannot create a pool as 'items' must be an iterable object");
  }
  if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
  if (Symbol.iterator in items) return items[Symbol.iterator]();
  return items;
}

async function close(source: Source<unknown>): Promise<void> {
  await source.return?.();
}
