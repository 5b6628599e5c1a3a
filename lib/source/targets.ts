import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import type { Item, MakeTarget } from "./item.ts";

/** The targets of items. */
export class Targets implements Source<Target> {
  readonly #items: Source<Item>;
  readonly #make: MakeTarget;

  constructor(items: Source<Item>, make: MakeTarget) {
    this.#items = items;
    this.#make = make;
  }

  /** @throws What the items throw. */
  next(): MaybePromise<Step<Target>> {
    const step = this.#items.next();
    if (step instanceof Promise) return step.then(this.#toTarget);
    return step.done ? step : { value: this.#make(step.value), done: false };
  }

  readonly #toTarget = (step: Step<Item>): Step<Target> =>
    step.done ? step : { value: this.#make(step.value), done: false };

  return(): unknown {
    return this.#items.return?.();
  }
}
