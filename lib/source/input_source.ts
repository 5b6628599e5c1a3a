import { InputError, UsageError } from "../errors.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import type { Input } from "./input.ts";
import { isBlank, type Line, type Lines, OverlongLine } from "./lines.ts";
import { countNumbers, type RequestRange } from "./numbering.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { Rounds } from "./rounds.ts";
import { invalidRecord } from "./target.ts";

/** Why a record that is not UTF-8 becomes no request, in words. */
export const NOT_UTF8 =
  "not UTF-8: convert the input to UTF-8, or percent-encode such bytes of URLs";

/** Options for {@linkcode InputSource}. */
export interface InputSourceOptions {
  readonly input: Pick<Input, "progress">;
  /** The argument that names the input, for messages. */
  readonly name: string;
  /** Whether each round that is read from the file begins with a header. */
  readonly hasHeader: boolean;
  readonly numbers: RequestRange;
  readonly defaults: RequestDefaults;
  /** Whether all targets are known to be of one host. @default {false} */
  readonly hasOneHost?: boolean | undefined;
  /** Makes the target of a record. */
  readonly make: (i: number, record: string) => Target;
}

/**
 * Targets from records. The number of a record is its place in the input, from 0, without blank
 * lines; records that are not wanted are skipped. Where the input starts over, the numbers
 * continue.
 */
export class InputSource implements Source<Target> {
  readonly #options: InputSourceOptions;
  /** Behind the last number. */
  readonly #end: number;
  /** How many targets there will be; undefined where that is not known. */
  readonly total: number | undefined;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
  readonly #records: Lines | Rounds;
  #next = 0;
  /** The number of the first record of this round. */
  #first = 0;
  #isHeaderNext = false;
  #isClosed = false;
  /** How many records the input had; undefined until it has ended. */
  ended: number | undefined;

  /** @param records behind the header; rounds, where the input is to start over */
  constructor(records: Lines | Rounds, options: InputSourceOptions) {
    const { numbers } = options;
    this.#records = records;
    this.#options = options;
    this.hasOneHost = options.hasOneHost ?? false;
    this.#end = numbers.start + numbers.count;
    this.total = records instanceof Rounds ? countNumbers(numbers) : undefined;
  }

  /**
   * @throws {UsageError} If the input is to start over, and is empty.
   * @throws {InputError} If the input breaks off, or has become empty.
   */
  next(): MaybePromise<Step<Target>> {
    while (this.#next < this.#end) {
      const step = this.#records.next();
      if (step instanceof Promise) return this.#whenThere(step);
      const target = this.#take(step);
      if (target !== undefined) return target;
    }
    return this.#close();
  }

  /** Reads in a loop: a chain of promises would grow with every block that is skipped. */
  async #whenThere(pending: Promise<Step<Line>>): Promise<Step<Target>> {
    let target = this.#take(await pending);
    while (target === undefined && this.#next < this.#end) {
      const step = this.#records.next();
      target = this.#take(step instanceof Promise ? await step : step);
    }
    return target ?? this.#close();
  }

  /** The target of a record, if it is wanted. */
  #take(step: Step<Line>): Step<Target> | undefined {
    if (step.done) return this.#endRound();
    const record = step.value;
    if (isBlank(record)) return undefined;
    if (this.#isHeaderNext) {
      this.#isHeaderNext = false;
      return undefined;
    }
    const i = this.#next++;
    const { numbers: { start, shard }, defaults, make } = this.#options;
    if (i < start || i % shard.count !== shard.index) return undefined;
    const value = record instanceof OverlongLine
      ? invalidRecord(i, record.start, "longer than 1 MiB", defaults)
      : record.isWellFormed()
      ? make(i, record)
      : invalidRecord(i, record, NOT_UTF8, defaults);
    if (value.invalid === undefined) return { value, done: false };
    const invalid = `line ${this.#records.line}: ${value.invalid}`;
    return { value: { ...value, invalid }, done: false };
  }

  /** Starts the input over, or ends. */
  #endRound(): Step<Target> | undefined {
    const { hasHeader, numbers: { start }, name } = this.#options;
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
    this.#isHeaderNext = this.#records.begin() && hasHeader;
    // Whole rounds that are not wanted need not be read.
    this.#next += Math.max(0, Math.floor((start - this.#next) / length)) * length;
    this.#first = this.#next;
  }

  #close(): Step<Target> {
    this.return();
    return { value: undefined, done: true };
  }

  /** The share of the input that was read, 0 to 1; undefined where the size is unknown, and in rounds. */
  progress(): number | undefined {
    const records = this.#records;
    return records instanceof Rounds ? undefined : this.#options.input.progress(records.unread);
  }

  return(): void {
    this.#isClosed = true;
    this.#records.return?.();
  }
}
