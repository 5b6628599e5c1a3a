/**
 * Which records or numbers are requested, and in which order: `--sample` and `--shuffle`.
 *
 * ```text
 * place in the run ──► place in the sample ──► number or record
 *            --shuffle                --sample
 * ```
 *
 * The number of a request is its place in the run, so that what is done can be told by a mark and a
 * few bits, whatever the order.
 *
 * @module
 */
import { Permutation } from "./permutation.ts";
import { Sample } from "./sample.ts";

/** The order of a run. */
export interface OrderOptions {
  readonly isShuffled: boolean;
  /** The share that is requested, more than 0, at most 1; undefined for all. */
  readonly share: number | undefined;
  /** From 0 to 2^32 - 1. */
  readonly seed: number;
  /** Where numbers make the requests: the first of them, and how many are requested. */
  readonly first: number;
  readonly count: number;
}

/** Tells the number that a request is made of, by the number of the request. */
export function createNumberOrder(
  { isShuffled, share, seed, first, count }: OrderOptions,
): (i: number) => number {
  const permutation = isShuffled ? new Permutation(count, seed) : undefined;
  const sample = share === undefined ? undefined : new Sample(share, seed);
  return (i) => {
    const place = permutation === undefined ? i - first : permutation.at(i - first);
    return first + (sample === undefined ? place : sample.at(place));
  };
}
