import type { Source, Target } from "../types.ts";
import { checkedTarget, type Defaults, target } from "./target.ts";
import type { Template } from "./template.ts";

/** Which numbers of a run are to be requested. */
export interface Numbers {
  /** The first, from 0. */
  readonly start: number;
  /** How many from there on; Infinity without a bound. */
  readonly count: number;
  /** Only those that are `index` modulo `count`. */
  readonly shard: { readonly index: number; readonly count: number };
}

/** Targets by number, without input. The template's origin, if it is fixed, is checked already. */
export class RangeSource implements Source<Target> {
  /** How many there are; undefined without a bound. */
  readonly total: number | undefined;
  readonly #template: Template;
  readonly #make: typeof target;
  readonly #defaults: Defaults;
  readonly #step: number;
  readonly #end: number;
  #next: number;

  constructor(template: Template, { start, count, shard }: Numbers, defaults: Defaults) {
    this.#template = template;
    this.#make = template.isOriginFixed ? target : checkedTarget;
    this.#defaults = defaults;
    this.#step = shard.count;
    this.#end = Math.min(start + count, Number.MAX_SAFE_INTEGER + 1);
    this.#next = start + (shard.index - start % shard.count + shard.count) % shard.count;
    this.total = count === Infinity
      ? undefined
      : Math.max(0, Math.ceil((this.#end - this.#next) / this.#step));
  }

  next(): IteratorResult<Target, undefined> {
    const i = this.#next;
    if (i >= this.#end) return { value: undefined, done: true };
    this.#next = i + this.#step;
    const url = this.#template.expandOne(`${i}`);
    return { value: this.#make(i, url, this.#defaults), done: false };
  }

  return(): void {
    this.#next = Infinity;
  }
}
