/**
 * Data that is pulled: at hand at once, or by a promise where it has to be waited for.
 *
 * @module
 */

/** A value that is there, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/** What a source gives: an item, or that it has ended. */
export type Step<T> = IteratorResult<T, unknown>;

/**
 * An iterator whose `next()` answers at once where the data is at hand, and by a promise where
 * it has to wait. Only one `next()` is outstanding at a time.
 */
export interface Source<T> {
  /** The next item. Not called again before that is there. */
  next(): MaybePromise<Step<T>>;
  /** Lets go of what the source holds open. May be called more than once. */
  return?(): unknown;
}

/**
 * Makes something of a step, at once where it is at hand: no promise is made for it.
 *
 * @param map called once, with the step; what it throws, the caller gets, or the promise
 */
export function mapStep<S, R>(
  step: MaybePromise<S>,
  map: (step: S) => MaybePromise<R>,
): MaybePromise<R> {
  return step instanceof Promise ? step.then(map) : map(step);
}
