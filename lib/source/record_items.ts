import { InputError, UsageError } from "../errors.ts";
import type { MaybePromise, Step } from "../stream.ts";
import { END, type Item, type Items, ReusedItem } from "./item.ts";
import type { Line } from "./lines.ts";
import { countNumbers, type RequestRange } from "./numbering.ts";
import type { Records } from "./records.ts";
import { Rounds } from "./rounds.ts";

/** Options for {@linkcode RecordItems}. */
export interface RecordItemsOptions {
  /** The arguments that name the inputs, for messages. */
  readonly name: string;
  readonly numbers: RequestRange;
  /** Whether a line does not count. */
  readonly isSkipped: (line: Line) => boolean;
}

/**
 * The records of inputs. The number of a record is its place in all of them, from 0, without blank
 * lines; records that are not wanted are skipped. Where the inputs start over, the numbers
 * continue.
 */
export class RecordItems implements Items {
  readonly #options: RecordItemsOptions;
  readonly #isSkipped: RecordItemsOptions["isSkipped"];
  /** Behind the last number. */
  readonly #end: number;
  /** How many items there will be; undefined where that is not known. */
  readonly total: number | undefined;
  readonly #records: Records | Rounds;
  #next = 0;
  /** The number of the first record of this round. */
  #first = 0;
  readonly #item = new ReusedItem();
  #isClosed = false;
  /** How many records the inputs had; undefined until they have ended. */
  ended: number | undefined;

  /** @param records rounds, where the inputs are to start over */
  constructor(records: Records | Rounds, options: RecordItemsOptions) {
    const { numbers } = options;
    this.#records = records;
    this.#options = options;
    this.#isSkipped = options.isSkipped;
    this.#end = numbers.start + numbers.count;
    this.total = records instanceof Rounds ? countNumbers(numbers) : undefined;
  }

  /**
   * @throws {UsageError} If the inputs are to start over, and are empty.
   * @throws {InputError} If an input breaks off, or all have become empty.
   */
  next(): MaybePromise<Step<Item>> {
    while (this.#next < this.#end) {
      const step = this.#records.next();
      if (step instanceof Promise) return this.#whenThere(step);
      const item = this.#take(step);
      if (item !== undefined) return item;
    }
    return this.#close();
  }

  /** Reads in a loop: a chain of promises would grow with every block that is skipped. */
  async #whenThere(pending: Promise<Step<Line>>): Promise<Step<Item>> {
    let item = this.#take(await pending);
    while (item === undefined && this.#next < this.#end) {
      const step = this.#records.next();
      item = this.#take(step instanceof Promise ? await step : step);
    }
    return item ?? this.#close();
  }

  /** The item of a record, if it is wanted. */
  #take(step: Step<Line>): Step<Item> | undefined {
    if (step.done) return this.#endRound();
    const record = step.value;
    if (this.#isSkipped(record)) return undefined;
    const i = this.#next++;
    const { start, shard } = this.#options.numbers;
    if (i < start || i % shard.count !== shard.index) return undefined;
    const item = this.#item;
    item.i = i;
    item.record = record;
    item.line = this.#records.line;
    item.input = this.#records.input;
    return item.step;
  }

  /** Starts the inputs over, or ends. */
  #endRound(): Step<Item> | undefined {
    const { numbers: { start }, name } = this.#options;
    if (this.#isClosed) return this.#close();
    if (!(this.#records instanceof Rounds)) {
      this.ended = this.#next;
      return this.#close();
    }
    const length = this.#next - this.#first;
    if (length === 0) {
      this.#close();
      if (this.#next === 0) {
        throw new UsageError(
          `Cannot use '--loop' with '${name}': it is empty: use an input with records`,
        );
      }
      throw new InputError(
        `Cannot go on with '${name}': it has become empty: do not change it during a run`,
      );
    }
    this.#records.begin();
    // Whole rounds that are not wanted need not be read.
    this.#next += Math.max(0, Math.floor((start - this.#next) / length)) * length;
    this.#first = this.#next;
  }

  #close(): Step<Item> {
    this.return();
    return END;
  }

  /** The share of the inputs that was read, 0 to 1; undefined where a size is unknown, and in rounds. */
  progress(): number | undefined {
    const records = this.#records;
    return records instanceof Rounds ? undefined : records.progress;
  }

  return(): void {
    this.#isClosed = true;
    this.#records.return?.();
  }
}
