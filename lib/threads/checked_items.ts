import { END, type Item, type MakeTarget } from "../source/item.ts";
import { mapStep, type MaybePromise, type Source, type Step } from "../stream.ts";
import type { Target } from "../target.ts";

/** Items that end if a check of the first target that can be requested fails. */
export class CheckedItems implements Source<Item> {
  readonly #items: Source<Item>;
  readonly #make: MakeTarget;
  /** Undefined once it was called. */
  #check: ((target: Target) => boolean) | undefined;

  /** @param check tells whether the first target may be requested */
  constructor(items: Source<Item>, make: MakeTarget, check: (target: Target) => boolean) {
    this.#items = items;
    this.#make = make;
    this.#check = check;
  }

  next(): MaybePromise<Step<Item>> {
    const step = this.#items.next();
    return this.#check === undefined ? step : mapStep(step, (step) => this.#pass(step));
  }

  #pass(step: Step<Item>): Step<Item> {
    const check = this.#check;
    if (step.done || check === undefined) return step;
    const target = this.#make(step.value);
    if (target.invalid !== undefined) return step;
    this.#check = undefined;
    return check(target) ? step : END;
  }

  async return(): Promise<void> {
    await this.#items.return?.();
  }
}
