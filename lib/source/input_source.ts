import { InputError, UsageError } from "../errors.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import type { Input } from "./input.ts";
import { isBlank, type Line, type Lines, OverlongLine } from "./lines.ts";
import { countNumbers, type RequestRange } from "./numbering.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { Rounds } from "./rounds.ts";
import { invalidRecord } from "./target.ts";

/** Why no request is made of a record that is not UTF-8, in words. */
export const NOT_UTF8 =
  "not UTF-8: convert the input to UTF-8, or percent-encode such bytes of URLs";

/** Options for {@linkcode InputSource}. */
export interface InputSourceOptions {
  readonly input: Pick<Input, "progress">;
  /** The argument that names the input, for messages. */
  readonly name: string;
  /** Whether a round that is read anew begins with a header. */
  readonly hasHeader: boolean;
  readonly numbers: RequestRange;
  readonly defaults: RequestDefaults;
  /** Whether all targets are known to be of one host. @default {false} */
  readonly hasOneHost?: boolean | undefined;
  /** Makes the target of a record. */
  readonly make: (i: number, record: string) => Target;
}

/**
 * Targets from records. A record's number is its place in the input, from 0, blank lines not
 * counted; those that are not wanted are read past. Where the input begins anew, the numbers go on.
 */
export class InputSource implements Source<Target> {
  readonly #options: InputSourceOptions;
  /** Behind the last number. */
  readonly #end: number;
  /** How many targets there will be; undefined if nobody knows. */
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

  /** @param records from behind the header on; rounds, where the input is to begin anew */
  constructor(records: Lines | Rounds, options: InputSourceOptions) {
    const { numbers } = options;
    this.#records = records;
    this.#options = options;
    this.hasOneHost = options.hasOneHost ?? false;
    this.#end = numbers.start + numbers.count;
    this.total = records instanceof Rounds ? countNumbers(numbers) : undefined;
  }

  /**
   * @throws {UsageError} If the input is to begin anew, and is empty.
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

  /** Reads on in a loop: a chain of promises would grow with every block that is read past. */
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

  /** Begins the input anew, or ends. */
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
          `Cannot use '--loop' with '${name}': it is empty: name an input with records`,
        );
      }
      throw new InputError(
        `Cannot go on with '${name}': it has become empty: leave it as it is during a run`,
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

  /** The share of the input that was read, 0 to 1; undefined where nobody knows, and in rounds. */
  progress(): number | undefined {
    const records = this.#records;
    return records instanceof Rounds ? undefined : this.#options.input.progress(records.unread);
  }

  return(): void {
    this.#isClosed = true;
    this.#records.return?.();
  }
}
