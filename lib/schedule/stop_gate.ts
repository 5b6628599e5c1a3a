import type { MaybePromise, Source, Step } from "../stream.ts";
import { LongTimer } from "./long_timer.ts";

/**
 * Stands between a source and the pool, and ends the source early: once {@linkcode stop} was called
 * or the time is up, the source looks done, also to a `next()` that waits for input. A source that
 * breaks off looks done as well, so that the requests in flight finish; the failure is kept.
 */
export class StopGate<T> implements Source<T> {
  readonly #source: Source<T>;
  #isShut = false;
  /** Settles the one `next()` that waits, if there is one. */
  #resolve: ((step: Step<T>) => void) | undefined;
  #timer: LongTimer | undefined;
  /** Why the source broke off, if it did. */
  failure: unknown;

  /** @param durationMs milliseconds from now after which it shuts, from 0; never if undefined */
  constructor(source: Source<T>, durationMs?: number) {
    this.#source = source;
    if (durationMs === 0) this.stop();
    else if (durationMs !== undefined) this.#timer = new LongTimer(durationMs, () => this.stop());
  }

  /** Whether nothing more goes through, for any reason. */
  get isShut(): boolean {
    return this.#isShut;
  }

  /** Lets nothing more through. */
  stop(): void {
    this.#isShut = true;
    this.#timer?.clear();
    this.#resolve?.(DONE);
  }

  next(): MaybePromise<Step<T>> {
    if (this.#isShut) return DONE;
    try {
      const step = this.#source.next();
      return step instanceof Promise ? this.#whenThere(step) : this.#pass(step);
    } catch (error) {
      return this.#breakOff(error);
    }
  }

  #pass(step: Step<T>): Step<T> {
    if (step.done) {
      this.#isShut = true;
      this.#timer?.clear();
    }
    return step;
  }

  #breakOff(error: unknown): Step<T> {
    this.failure = error;
    this.stop();
    return DONE;
  }

  /** Not `Promise.race`, which would leave a reaction on a promise that lives as long as the run. */
  #whenThere(pending: Promise<Step<T>>): Promise<Step<T>> {
    const { promise, resolve } = Promise.withResolvers<Step<T>>();
    this.#resolve = resolve;
    pending.then(
      (step) => resolve(this.#isShut ? DONE : this.#pass(step)),
      (error) => resolve(this.#isShut ? DONE : this.#breakOff(error)),
    );
    return promise;
  }

  async return(): Promise<void> {
    this.stop();
    await this.#source.return?.();
  }
}

const DONE: Step<never> = { value: undefined, done: true };
