/**
 * Data that is pulled: at hand at once, or by a promise where it has to be waited for.
 *
 * @module
 */

/**
 * An iterator whose `next()` answers at once where the data is at hand, and by a promise where
 * it has to wait. Only one `next()` is outstanding at a time.
 */
export interface Source<T> {
  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
  /** Lets go of what the source holds open. May be called more than once. */
  return?(): unknown;
}

/** A value that is there, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;
