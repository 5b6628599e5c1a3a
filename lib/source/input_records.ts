import { InputError, UsageError } from "../errors.ts";
import type { MaybePromise, Step } from "../stream.ts";
import { nameInputs } from "./input_names.ts";
import type { InputColumns } from "./item.ts";
import type { Input } from "./input.ts";
import { openInput } from "./open_input.ts";
import type { InputContext, ReadOptions, RecordReader } from "./input_format.ts";
import type { Line, Lines } from "./lines.ts";
import type { Records } from "./records.ts";

/** An input of a run, and what reads it. */
export interface InputToRead {
  readonly path: string;
  readonly reader: RecordReader;
  /** What its header is for. */
  readonly context: Omit<InputContext, "path">;
}

/** An input that is open. */
interface OpenInput {
  readonly input: Input;
  /** Its records behind the header. */
  readonly records: Lines;
  readonly columns: readonly string[];
}

/** What is known of an input before the first request. */
interface KnownInput extends InputToRead {
  /** In bytes; undefined where that is not known. */
  readonly size: number | undefined;
  readonly isRepeatable: boolean;
  /** The input while it waits for its turn, and during it; undefined while it is closed. */
  open: OpenInput | undefined;
}

/**
 * The records of inputs, one input after the other, without their headers. All inputs are looked
 * at before the first request. One is open at a time, and each that can be read only once.
 */
export class InputRecords implements Records {
  /** At most as many as the command line may name. */
  readonly #inputs: readonly KnownInput[];
  readonly #options: Omit<ReadOptions, "name">;
  #records: Lines | undefined;
  #isClosed = false;
  input = 0;

  /**
   * Opens the inputs and reads their headers.
   *
   * @throws {UsageError} If one cannot be opened, or its header is wrong.
   */
  static async open(
    inputs: readonly InputToRead[],
    options: Omit<ReadOptions, "name">,
  ): Promise<{ records: InputRecords; columns: InputColumns }> {
    const known: KnownInput[] = [];
    const columns: (readonly string[])[] = [];
    try {
      for (const one of inputs) {
        const open = await beginInput(one, options);
        const { input } = open;
        const { size, isRepeatable } = input;
        const isKept = known.length === 0 || !isRepeatable;
        known.push({ ...one, size, isRepeatable, open: isKept ? open : undefined });
        columns.push(open.columns);
        if (!isKept) input.close();
      }
    } catch (error) {
      for (const { open } of known) open?.input.close();
      throw error;
    }
    return { records: new InputRecords(known, options), columns };
  }

  private constructor(inputs: readonly KnownInput[], options: Omit<ReadOptions, "name">) {
    this.#inputs = inputs;
    this.#options = options;
    this.#records = inputs[0].open!.records;
  }

  /** The path of the first input that cannot be read again; undefined without one. */
  get unrepeatable(): string | undefined {
    return this.#inputs.find(({ isRepeatable }) => !isRepeatable)?.path;
  }

  get line(): number {
    return this.#records?.line ?? 0;
  }

  get unread(): number {
    return this.#records?.unread ?? 0;
  }

  /** @throws {InputError} If an input breaks off, or cannot be opened any more. */
  next(): MaybePromise<Step<Line>> {
    const records = this.#records;
    if (records === undefined) return this.#readOn();
    const step = records.next();
    if (step instanceof Promise) return step.then(this.#passOn);
    return step.done ? this.#passOn(step) : step;
  }

  readonly #passOn = (step: Step<Line>): MaybePromise<Step<Line>> => {
    if (!step.done || this.#isClosed || this.input === this.#inputs.length - 1) return step;
    this.#close(this.input++);
    return this.#readOn();
  };

  /** The next record, of the input at hand, which is not open, or one behind it. */
  async #readOn(): Promise<Step<Line>> {
    const known = this.#inputs[this.input];
    known.open ??= await beginInput(known, this.#options).catch(breakOff);
    if (this.#isClosed) {
      this.#close(this.input);
      return { value: undefined, done: true };
    }
    this.#records = known.open.records;
    return await this.next();
  }

  /** Begins again with the first input; the last one has come to its end. */
  restart(): void {
    this.#close(this.input);
    this.input = 0;
  }

  #close(input: number): void {
    const known = this.#inputs[input];
    known.open?.input.close();
    known.open = undefined;
    this.#records = undefined;
  }

  /** The share of all inputs that was read, 0 to 1; undefined where a size is not known. */
  get progress(): number | undefined {
    if (this.#inputs.length === 1) return this.#inputs[0].open?.input.progress(this.unread);
    let read = 0;
    let all = 0;
    for (const [k, { size, open }] of this.#inputs.entries()) {
      if (size === undefined) return undefined;
      all += size;
      const share = k < this.input
        ? 1
        : k > this.input
        ? 0
        : open?.input.progress(this.unread) ?? 0;
      read += size * share;
    }
    return all === 0 ? undefined : read / all;
  }

  return(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Those that wait hold one open, too.
    this.#records?.return?.();
    for (const { open } of this.#inputs) open?.input.close();
  }
}

/** @throws {UsageError} If it cannot be opened, or its header is wrong. */
async function beginInput(
  { path, reader, context }: InputToRead,
  options: Omit<ReadOptions, "name">,
): Promise<OpenInput> {
  const name = nameInputs([{ path }]);
  const input = await openInput(path, name);
  try {
    const records = reader.readRecords(input, { ...options, name });
    const columns = await reader.readColumns?.(records, { ...context, path }) ?? [];
    return { input, records, columns };
  } catch (error) {
    input.close();
    throw error;
  }
}

/** What was there before the first request is not the user's mistake later. */
function breakOff(error: unknown): never {
  if (!(error instanceof UsageError)) throw error;
  throw new InputError(`${error.message}: do not change inputs during a run`);
}
