/**
 * The records of an input by their place, in any order.
 *
 * @module
 */
import { InputError, UsageError } from "../errors.ts";
import { describeOsError } from "../process/os_error.ts";
import { detachString } from "../text/detach.ts";
import { CutInput } from "./cut_input.ts";
import { openInput } from "./open_input.ts";
import type { ReadOptions } from "./input_format.ts";
import { nameInputs } from "./input_names.ts";
import type { InputToRead } from "./input_records.ts";
import { type Line, OverlongLine } from "./lines.ts";
import { measureRecord } from "./records.ts";
import { StartingPoints } from "./starting_points.ts";

/** The maximum number of places in all files that are noted: 12 MB. */
const MAX_POINTS = 2 ** 19;
/** The maximum number of characters of all records that are held, as of an input that is compressed. */
const MAX_HELD_LENGTH = 32 * 1024 * 1024;
/** How much of a file is read at once. */
const READ_BYTES = 16 * 1024;

/** A record, and the line of its input on which it begins. */
export interface StoredRecord {
  readonly record: Line;
  readonly line: number;
}

/** The records of one input. */
export interface RecordStore {
  readonly count: number;
  /** @throws {InputError} If the input has changed. */
  read(place: number): StoredRecord | Promise<StoredRecord>;
  close(): void;
}

/** What the stores of a run have in common. */
export interface StoreOptions extends Omit<ReadOptions, "name"> {
  readonly isSkipped: (line: Line) => boolean;
  /** How many stores there are. */
  readonly stores: number;
  /** How many more characters may be held. */
  readonly budget: { left: number };
}

/** How much all stores of a run may hold. */
export function createBudget(): StoreOptions["budget"] {
  return { left: MAX_HELD_LENGTH };
}

/**
 * Reads an input once, and notes where its records are. A file is read there again. An input that can
 * only be read from its beginning on, as one that is compressed, a pipe or a sitemap, is held.
 *
 * @throws {UsageError} If it cannot be opened, its header is wrong, or it is too long to be held.
 * @throws {InputError} If it breaks off.
 */
export async function openStore(
  toRead: InputToRead,
  options: StoreOptions,
): Promise<{ store: RecordStore; columns: readonly string[] }> {
  const { path, reader, context } = toRead;
  const { isSkipped, budget } = options;
  const name = nameInputs([{ path }]);
  const input = await openInput(path, name);
  const cut = new CutInput(input);
  const points = new StartingPoints(Math.max(2, Math.floor(MAX_POINTS / options.stores)));
  const held: StoredRecord[] = [];
  let count = 0;
  try {
    const records = reader.readRecords(cut, { ...options, name });
    let isBehindHeader = false;
    cut.onBlock = (offset) => {
      if (records.hasOpenRecord || offset > 0 && !isBehindHeader) return;
      points.add(offset, count, records.lineCount);
    };
    const columns = await reader.readColumns?.(records, { ...context, path }) ?? [];
    isBehindHeader = true;
    for (let step; !(step = await records.next()).done;) {
      if (isSkipped(step.value)) continue;
      count++;
      if (input.isSeekable && !reader.isSequential) continue;
      budget.left -= measureRecord(step.value);
      if (budget.left < 0) {
        throw new UsageError(
          `Cannot shuffle '${name}': it is read from its beginning only, and has more ` +
            "records than are held in memory: write them as lines into a file",
        );
      }
      held.push({ record: detach(step.value), line: records.line });
    }
    const store = input.isSeekable && !reader.isSequential
      ? new FileStore(toRead, options, { points, count })
      : new HeldStore(held);
    return { store, columns };
  } finally {
    input.close();
  }
}

/** Records are slices of the input, which they would keep in memory. */
function detach(record: Line): Line {
  return record instanceof OverlongLine ? record : detachString(record);
}

/** Records in memory. */
class HeldStore implements RecordStore {
  readonly #records: readonly StoredRecord[];

  constructor(records: readonly StoredRecord[]) {
    this.#records = records;
  }

  get count(): number {
    return this.#records.length;
  }

  read(place: number): StoredRecord {
    return this.#records[place];
  }

  close(): void {}
}

/** Records in a file. */
class FileStore implements RecordStore {
  readonly #toRead: InputToRead;
  readonly #options: StoreOptions;
  readonly #points: StartingPoints;
  readonly count: number;
  #file: Deno.FsFile | undefined;

  constructor(
    toRead: InputToRead,
    options: StoreOptions,
    { points, count }: { readonly points: StartingPoints; readonly count: number },
  ) {
    this.#toRead = toRead;
    this.#options = options;
    this.#points = points;
    this.count = count;
  }

  async read(place: number): Promise<StoredRecord> {
    const { reader } = this.#toRead;
    const { offsets, counts, lines } = this.#points;
    const point = this.#points.find(place);
    const range = new FileRange(() => this.#open(), offsets[point], offsets[point + 1] ?? Infinity);
    const isPart = offsets[point] > 0;
    const records = reader.readRecords(range, { ...this.#options, name: this.#name, isPart });
    // The header stands before the first record.
    let before = place - counts[point] + (!isPart && reader.readColumns ? 1 : 0);
    for (let step; !(step = await records.next()).done;) {
      if (this.#options.isSkipped(step.value) || before-- > 0) continue;
      return { record: detach(step.value), line: lines[point] + records.line };
    }
    return this.#fail("it has changed");
  }

  get #name(): string {
    return nameInputs([this.#toRead]);
  }

  #open(): Deno.FsFile {
    try {
      return this.#file ??= Deno.openSync(this.#toRead.path);
    } catch (error) {
      return this.#fail(describeOsError(error));
    }
  }

  #fail(why: string): never {
    throw new InputError(
      `Cannot go on with '${this.#name}': ${why}: do not change inputs during a run`,
    );
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** A part of a file, as blocks. */
class FileRange {
  readonly #open: () => Deno.FsFile;
  #at: number;
  readonly #end: number;

  constructor(open: () => Deno.FsFile, from: number, to: number) {
    this.#open = open;
    this.#at = from;
    this.#end = to;
  }

  read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#open();
    const block = new Uint8Array(Math.min(READ_BYTES, this.#end - this.#at));
    file.seekSync(this.#at, Deno.SeekMode.Start);
    const length = block.length === 0 ? 0 : file.readSync(block) ?? 0;
    this.#at += length;
    return Promise.resolve(length === 0 ? undefined : block.subarray(0, length));
  }

  close(): void {}
}
