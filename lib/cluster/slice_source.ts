import { END, type Item } from "../source/item.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { OpenSlice } from "./open_slice.ts";

/**
 * The items of the slices that a worker is given, one slice after the other: a pipeline for each
 * slice would wait for the slowest request of each. It asks for the next slice when it begins one.
 */
export class SliceSource implements Source<Item> {
  readonly #ask: () => void;
  /** Those that are not begun yet; at most one. */
  readonly #waiting: OpenSlice[] = [];
  #current: OpenSlice | undefined;
  #hasEnded = false;
  /** Settles the one `next()` that waits, if there is one. */
  #resolve: ((step: Step<Item>) => void) | undefined;

  /** @param ask asks for a slice */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  add(slice: OpenSlice): void {
    this.#waiting.push(slice);
    this.#wake();
  }

  /** No other slice comes. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  #wake(): void {
    if (this.#resolve === undefined) return;
    const step = this.#take();
    if (step === undefined) return;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve(step);
  }

  next(): MaybePromise<Step<Item>> {
    return this.#take() ?? new Promise<Step<Item>>((resolve) => this.#resolve = resolve);
  }

  /** The next item, or the end; undefined if neither is there yet. */
  #take(): Step<Item> | undefined {
    for (;;) {
      const step = this.#current?.next();
      if (step !== undefined && !step.done) return step;
      this.#current = this.#waiting.shift();
      if (this.#current === undefined) return this.#hasEnded ? END : undefined;
      if (!this.#hasEnded) this.#ask();
    }
  }

  return(): void {
    this.#waiting.length = 0;
    this.#current = undefined;
    this.end();
  }
}
