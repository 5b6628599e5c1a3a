import type { Item } from "../source/item.ts";
import { type Cut, SliceBuilder } from "./slice_builder.ts";

/** Cuts items into slices, and tells which of them may go out. */
export interface Cutter {
  /** How many items make a slice whole, from 1. */
  length: number;
  /** How many items wait. */
  readonly count: number;
  /** Whether no item can be added before a slice has gone out. */
  readonly isFull: boolean;
  /** When a slice can go out, as far as time alone decides; Infinity if it does not. */
  readonly readyAtMs: number;
  add(item: Item): void;
  /**
   * A slice that may go out; undefined without one.
   *
   * @param isPartial also one that is not whole
   */
  take(isPartial: boolean, nowMs: number): Cut | undefined;
  /** Everything of a slice of that group has come back. */
  release(group: number, nowMs: number): void;
}

/** Cuts items into slices that may go out at any time. */
export class OrderCutter implements Cutter {
  readonly readyAtMs = Infinity;
  readonly #builder: SliceBuilder;
  #whole: Cut | undefined;

  constructor(options: { readonly step: number; readonly hasRecords: boolean }) {
    this.#builder = new SliceBuilder(options);
  }

  get length(): number {
    return this.#builder.length;
  }

  set length(length: number) {
    this.#builder.length = length;
  }

  get count(): number {
    return this.#builder.count + (this.#whole?.count ?? 0);
  }

  get isFull(): boolean {
    return this.#whole !== undefined;
  }

  add(item: Item): void {
    this.#whole = this.#builder.add(item);
  }

  take(isPartial: boolean): Cut | undefined {
    const cut = this.#whole ?? (isPartial ? this.#builder.take() : undefined);
    this.#whole = undefined;
    return cut;
  }

  release(): void {}
}
