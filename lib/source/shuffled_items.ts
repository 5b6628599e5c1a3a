import { UsageError } from "../errors.ts";
import type { MaybePromise, Step } from "../stream.ts";
import type { InputToRead } from "./input_records.ts";
import { END, type InputColumns, type Item, type Items, ReusedItem } from "./item.ts";
import { mixBits } from "../mix_bits.ts";
import { countNumbers, createNumbering, type RequestRange } from "./numbering.ts";
import type { OrderOptions } from "./order.ts";
import { Permutation } from "./permutation.ts";
import {
  createBudget,
  openStore,
  type RecordStore,
  type StoredRecord,
  type StoreOptions,
} from "./record_store.ts";
import { Sample } from "./sample.ts";

/** The maximum number of files that are open at once. */
const MAX_OPEN = 64;

/** Options for {@linkcode ShuffledItems}. */
export interface ShuffledOptions extends Omit<StoreOptions, "stores" | "budget"> {
  /** The arguments that name the inputs, for messages. */
  readonly name: string;
  readonly numbers: RequestRange;
  readonly order: Pick<OrderOptions, "share" | "seed">;
  /** Whether the inputs start over each time they have ended, each time in another order. */
  readonly loop: boolean;
}

/** The records of inputs in an order that looks random. */
export class ShuffledItems implements Items {
  readonly #stores: readonly RecordStore[];
  /** The place of the first record of each store among all. */
  readonly #starts: readonly number[];
  /** How many records there are in a round. */
  readonly #count: number;
  readonly #options: ShuffledOptions;
  readonly #sample: Sample | undefined;
  readonly #step: number;
  readonly #end: number;
  readonly #item = new ReusedItem();
  /** The stores whose file was opened last, at most {@linkcode MAX_OPEN}. */
  #open: RecordStore[] = [];
  #next: number;
  #round = -1;
  #permutation: Permutation | undefined;
  readonly total: number | undefined;
  ended: number | undefined;

  /**
   * Reads the inputs once.
   *
   * @throws {UsageError} If one cannot be opened, its header is wrong, it cannot be shuffled, or all are
   * empty and are to start over.
   * @throws {InputError} If one breaks off.
   */
  static async open(
    inputs: readonly InputToRead[],
    options: ShuffledOptions,
  ): Promise<{ items: ShuffledItems; columns: InputColumns }> {
    const budget = createBudget();
    const stores = [];
    const columns = [];
    for (const input of inputs) {
      const one = await openStore(input, { ...options, stores: inputs.length, budget });
      stores.push(one.store);
      columns.push(one.columns);
    }
    return { items: new ShuffledItems(stores, options), columns };
  }

  private constructor(stores: readonly RecordStore[], options: ShuffledOptions) {
    const { order: { share, seed }, numbers: { start, count, shard }, loop, name } = options;
    this.#stores = stores;
    this.#options = options;
    let all = 0;
    this.#starts = stores.map(({ count }) => (all += count) - count);
    this.#sample = share === undefined ? undefined : new Sample(share, seed);
    this.#count = this.#sample?.countBelow(all) ?? all;
    if (loop && this.#count === 0) {
      throw new UsageError(
        `Cannot use '--loop' with '${name}': it is empty: use an input with records`,
      );
    }
    const { first, step } = createNumbering({ start, shard });
    this.#next = first;
    this.#step = step;
    this.#end = loop ? start + count : Math.min(start + count, this.#count);
    this.total = countNumbers({ start, count: Math.max(0, this.#end - start), shard });
  }

  /** @throws {InputError} If an input has changed. */
  next(): MaybePromise<Step<Item>> {
    const i = this.#next;
    if (i >= this.#end) {
      if (!this.#options.loop && this.#end === this.#count) this.ended = this.#count;
      this.return();
      return END;
    }
    this.#next += this.#step;
    const place = this.#findPlace(i);
    const input = this.#findStore(place);
    const store = this.#stores[input];
    this.#keepOpen(store);
    const record = store.read(place - this.#starts[input]);
    const give = ({ record, line }: StoredRecord): Step<Item> => {
      const item = this.#item;
      item.i = i;
      item.record = record;
      item.line = line;
      item.input = input;
      return item.step;
    };
    return record instanceof Promise ? record.then(give) : give(record);
  }

  /** The place of the record of a request among all records. */
  #findPlace(i: number): number {
    const round = Math.floor(i / this.#count);
    if (round !== this.#round) {
      const { seed } = this.#options.order;
      this.#round = round;
      this.#permutation = new Permutation(this.#count, round === 0 ? seed : mixBits(seed, round));
    }
    const place = this.#permutation!.at(i % this.#count);
    return this.#sample?.at(place) ?? place;
  }

  #findStore(place: number): number {
    return this.#starts.findLastIndex((start, k) => start <= place && this.#stores[k].count > 0);
  }

  #keepOpen(store: RecordStore): void {
    if (this.#open.at(-1) === store) return;
    this.#open = [...this.#open.filter((other) => other !== store), store];
    if (this.#open.length > MAX_OPEN) this.#open.shift()!.close();
  }

  return(): void {
    this.#next = Infinity;
    for (const store of this.#open) store.close();
    this.#open = [];
  }
}
