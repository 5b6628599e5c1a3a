import type { Step } from "../stream.ts";
import { END, type Item, type Items, ReusedItem } from "./item.ts";

/** Which numbers of a run are to be requested. */
export interface RequestRange {
  /** The first, from 0. */
  readonly start: number;
  /** How many from there on; Infinity without a bound. */
  readonly count: number;
  /** Only those that are `index` modulo `count`. */
  readonly shard: { readonly index: number; readonly count: number };
}

/** The numbers of a run: every `step`th from `first` on. */
export interface NumberSequence {
  readonly first: number;
  readonly step: number;
}

/** Which numbers a shard has of a run that begins at `start`. */
export function createNumbering(
  { start, shard }: Pick<RequestRange, "start" | "shard">,
): NumberSequence {
  const first = start + (shard.index - start % shard.count + shard.count) % shard.count;
  return { first, step: shard.count };
}

/** The place of a number among those of its run, from 0. */
export function toIndex(i: number, { first, step }: NumberSequence): number {
  return (i - first) / step;
}

/** How many numbers there are; undefined without a bound. */
export function countNumbers({ start, count, shard }: RequestRange): number | undefined {
  if (count === Infinity) return undefined;
  const { first, step } = createNumbering({ start, shard });
  return Math.max(0, Math.ceil((computeEnd({ start, count }) - first) / step));
}

/** Behind the last number; the largest is 2^53 - 1, since a larger one equals its neighbour. */
function computeEnd({ start, count }: Pick<RequestRange, "start" | "count">): number {
  return Math.min(start + count, Number.MAX_SAFE_INTEGER + 1);
}

/** Numbers, without an input. */
export class NumberItems implements Items {
  /** How many there are; undefined without a bound. */
  readonly total: number | undefined;
  readonly #item = new ReusedItem();
  readonly #step: number;
  readonly #end: number;
  #next: number;

  constructor({ start, count, shard }: RequestRange) {
    const { first, step } = createNumbering({ start, shard });
    this.#step = step;
    this.#end = computeEnd({ start, count });
    this.#next = first;
    this.total = countNumbers({ start, count, shard });
  }

  next(): Step<Item> {
    const i = this.#next;
    if (i >= this.#end) return END;
    this.#next = i + this.#step;
    this.#item.i = i;
    return this.#item.step;
  }

  return(): void {
    this.#next = Infinity;
  }
}
