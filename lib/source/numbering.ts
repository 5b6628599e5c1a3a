import type { Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { checkedTarget, target } from "./target.ts";
import { createTargetFactory, type TargetMaker } from "./target_factory.ts";
import type { UrlTemplate } from "./url_template.ts";

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

/** Which numbers a run has that begins at `start`, of which a shard takes its own. */
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

/** Behind the last number; none is above 2^53 - 1, since then it could not be told from the next. */
function computeEnd({ start, count }: Pick<RequestRange, "start" | "count">): number {
  return Math.min(start + count, Number.MAX_SAFE_INTEGER + 1);
}

/** Targets by number, without input. The template's origin, if it is fixed, is checked already. */
export class RangeSource implements Source<Target> {
  /** How many there are; undefined without a bound. */
  readonly total: number | undefined;
  /** Whether all are of one host. */
  readonly hasOneHost: boolean;
  readonly #template: UrlTemplate;
  readonly #make: TargetMaker;
  readonly #step: number;
  readonly #end: number;
  #next: number;

  constructor(
    template: UrlTemplate,
    { start, count, shard }: RequestRange,
    defaults: RequestDefaults,
  ) {
    this.#template = template;
    this.hasOneHost = template.isOriginFixed;
    this.#make = createTargetFactory(template.isOriginFixed ? target : checkedTarget, defaults);
    const { first, step } = createNumbering({ start, shard });
    this.#step = step;
    this.#end = computeEnd({ start, count });
    this.#next = first;
    this.total = countNumbers({ start, count, shard });
  }

  next(): Step<Target> {
    const i = this.#next;
    if (i >= this.#end) return { value: undefined, done: true };
    this.#next = i + this.#step;
    const number = `${i}`;
    const url = this.#template.expandOne(number);
    return { value: this.#make(i, url, number), done: false };
  }

  return(): void {
    this.#next = Infinity;
  }
}
