import { InputError, OutputError, UsageError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import { writeAll } from "../../process/write_all.ts";
import type { Result } from "../../result.ts";
import type { MaybePromise } from "../../stream.ts";
import { type LineFile, LineWriter, truncateTo, withoutSync } from "../line_writer.ts";
import type { Output, Position, RecordOptions } from "../output.ts";
import type { Column } from "../record.ts";
import type { EncodedRecords } from "../record_encoder.ts";
import { formatRow, parseRow, readRow, readRowLines, toRowColumns } from "../rows/row_lines.ts";
import { MAGIC } from "./format.ts";
import { openSideFile } from "../side_file.ts";
import { countRows } from "./parquet_file.ts";
import { Part, PART_LIMITS, type PartLimits } from "./part.ts";
import { listParts, toPartPath } from "./parts.ts";
import { RowGroup } from "./row_group.ts";
import {
  findTails,
  formatState,
  type FoundTails,
  readRows,
  TAIL_BEGINNING,
  type TailState,
  toTailPath,
} from "./tails.ts";

/** How often rows may be brought to the disk. */
const SYNC_MS = 1_000;

const decoder = new TextDecoder();

/**
 * An output of Parquet, whose position is its number of rows.
 *
 * Rows gather in a row group in memory, and as lines in a tail beside the file. A row group ends where
 * a journal does, and is written once that journal is on the disk. So at each moment a journal speaks
 * of whole row groups, and of rows that are in the tail. See `tails.ts`.
 */
export class ParquetOutput implements Output {
  readonly #path: string;
  readonly #name: string;
  readonly #columns: readonly Column[];
  readonly #thread: number;
  readonly #isSynced: boolean;
  readonly #limits: PartLimits;
  /** The first part, which also holds the lock of the run. */
  readonly #file: LineFile;
  readonly #reserve: ReservedDescriptors;
  readonly syncIntervalMs = SYNC_MS;
  #written = 0;

  /** Rows so far, in all parts. */
  #rows = 0;
  /** The number of the part that is being written, and the rows of those before it. */
  #partNumber = 0;
  #before = 0;
  /** Undefined before its first row group. */
  #part: Part | undefined;
  #group: RowGroup;
  /** A row group that has ended with a position, and waits for the journal that has it. */
  #ended: RowGroup | undefined;
  #sealing: Promise<void> | undefined;
  #failure: unknown;

  /** The two tails, once it is known where the output begins, and which of them takes rows. */
  #tails: LineWriter[] = [];
  #current = 0;
  #generation = 0;

  constructor(
    { file, path, name, fields, captures, thread = 0, isSynced = true }: RecordOptions,
    limits: PartLimits = PART_LIMITS,
  ) {
    this.#path = path;
    this.#name = name;
    this.#file = file;
    this.#thread = thread;
    this.#isSynced = isSynced;
    this.#limits = limits;
    this.#columns = toRowColumns({ fields, captures });
    this.#group = new RowGroup(this.#columns);
    this.#reserve = new ReservedDescriptors(path);
  }

  get written(): number {
    return this.#written;
  }

  write(result: Result): MaybePromise<void> {
    const line = this.addRow(result);
    return this.#tails[this.#current].write(line);
  }

  addRow(result: Result): string {
    if (this.#failure !== undefined) throw this.#failure;
    const row = readRow(this.#columns, result, this.#thread);
    const line = formatRow(row);
    this.#group.add(row);
    this.#rows++;
    this.#written += line.length;
    return line;
  }

  writeLines(lines: Uint8Array): MaybePromise<void> {
    return this.#tails[this.#current].writeCopy(lines);
  }

  writeEncoded(records: EncodedRecords): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const rows = readRowLines(records.bytes, this.#columns, this.#name);
    for (const row of rows) this.#group.add(row);
    this.#rows += rows.length;
    this.#written += records.bytes.length;
    return this.#tails[this.#current].writeEncoded(records);
  }

  async sync(): Promise<Position> {
    if (this.#failure !== undefined) throw this.#failure;
    const rows = this.#rows;
    const tail = this.#tails[this.#current];
    const group = this.#group;
    const isFull = group.rows >= this.#limits.groupRows ||
      group.byteLength >= this.#limits.groupBytes;
    if (isFull && this.#ended === undefined) {
      this.#ended = group;
      this.#group = new RowGroup(this.#columns, group);
      this.#current = 1 - this.#current;
      this.#generation++;
      this.#writeState(true);
    }
    await tail.sync();
    return rows;
  }

  confirm(): void {
    if (this.#ended === undefined || this.#sealing !== undefined) return;
    this.#sealing = this.#seal(this.#ended)
      .catch((error) => this.#failure ??= error)
      .finally(() => this.#sealing = undefined);
  }

  /** Writes a row group that ended, and empties its tail. */
  async #seal(group: RowGroup): Promise<void> {
    const part = this.#part ??= this.#openPart();
    await part.append(group.end());
    if (part.reaches(this.#limits)) {
      await part.finish(this.#columns);
      this.#before += part.rows;
      this.#closePart();
      this.#partNumber++;
    }
    this.#writeState(false);
    await this.#tails[this.#current].sync();
    await this.#tails[1 - this.#current].cutTo(0);
    this.#ended = undefined;
  }

  /** @param state what is in it already */
  #openPart(state?: Pick<TailState, "groups" | "end">): Part {
    const number = this.#partNumber;
    const path = toPartPath(this.#path, number);
    try {
      const file = number === 0 ? this.#file : this.#reserve.use(() =>
        Deno.openSync(path, {
          write: true,
          create: state !== undefined,
          createNew: state === undefined,
        })
      );
      return new Part(file, this.#name, state?.groups, state?.end);
    } catch (error) {
      throw new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
    }
  }

  /** Lets go of the part; the first file holds the lock until the end. */
  #closePart(): void {
    if (this.#partNumber > 0) this.#part?.close();
    this.#part = undefined;
    this.#reserve.refill();
  }

  /** Writes what is in the parts into the tail that takes rows. */
  #writeState(needsOther: boolean): void {
    // What it could not write is thrown by the next call.
    void this.#tails[this.#current].write(this.#formatState(needsOther));
  }

  #formatState(needsOther: boolean): string {
    return formatState({
      generation: this.#generation,
      part: this.#partNumber,
      before: this.#before,
      groups: this.#part?.groups ?? [],
      end: this.#part?.end ?? 0,
      needsOther,
    });
  }

  async reaches(position: Position): Promise<boolean> {
    const found = await findTails(this.#path, this.#name);
    if (found !== undefined) return found.rows >= position;
    let rows = 0;
    for (const path of await listParts(this.#path)) {
      if (rows >= position) break;
      rows += await countRows(path);
    }
    return rows >= position;
  }

  async cutTo(position: Position): Promise<void> {
    try {
      if (position === 0) return await this.#startOver();
      const found = await findTails(this.#path, this.#name);
      if (found === undefined) await this.#goOnBehindParts(position);
      else await this.#goOnInPart(position, found);
      this.#rows = position;
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputError) throw error;
      if (error instanceof InputError) throw error;
      this.#refuse(describeWriteError(error));
    }
  }

  #refuse(why: string): never {
    throw new UsageError(`Cannot write '${this.#name}': ${why}`);
  }

  async #startOver(): Promise<void> {
    await this.#openTails();
    await Deno.remove(toFreshTailPath(this.#path)).catch(ignoreMissing);
    await this.#removePartsFrom(1);
    // An empty file would look like a run without records to who reads it now.
    await truncateTo(this.#file, 0);
    await writeAll(this.#file, MAGIC);
    await this.#beginTail();
  }

  /** Goes on where each part is whole, as after an interrupt. */
  async #goOnBehindParts(position: Position): Promise<void> {
    let rows = 0;
    for (const path of await listParts(this.#path)) {
      if (rows >= position) break;
      rows += await countRows(path);
      this.#partNumber++;
    }
    if (rows !== position) this.#refuse("its parts do not end where its journal says");
    await this.#removePartsFrom(this.#partNumber);
    this.#before = rows;
    await this.#openTails();
    await this.#beginTail();
  }

  /** Begins a tail: before a machine can go down, the disk has what it is known as a tail by. */
  async #beginTail(): Promise<void> {
    this.#writeState(false);
    await this.#tails[this.#current].sync();
  }

  /** Goes on in a part that was not ended. */
  async #goOnInPart(position: Position, found: FoundTails): Promise<void> {
    const { state, current, grouped, rows } = found;
    if (position < grouped || position > rows) {
      this.#refuse("its rows are not those of its journal");
    }
    this.#partNumber = state.part;
    this.#before = state.before;
    await this.#removePartsFrom(state.part + 1);
    this.#part = this.#openPart(state);
    this.#generation = state.generation + 1;
    // The rows that a journal knows, in a new tail in place of the one that is not the latest.
    const path = toTailPath(this.#path, 1 - current);
    const fresh = toFreshTailPath(this.#path);
    const tail = await this.#openTail(1 - current, fresh);
    await tail.write(this.#formatState(false));
    const waits: Promise<void>[] = [];
    await readRows(found, position - grouped, this.#name, (line) => {
      const text = decoder.decode(line);
      const row = parseRow(text, this.#columns) ?? this.#refuse("its rows are damaged");
      this.#group.add(row);
      const full = tail.write(`${text}\n`);
      if (full !== undefined) waits.push(full);
    });
    await Promise.all(waits);
    await tail.sync();
    await Deno.rename(fresh, path);
    this.#current = 1 - current;
    await this.#openTail(current, toTailPath(this.#path, current));
  }

  async #openTails(): Promise<void> {
    for (const k of [0, 1]) await this.#openTail(k, toTailPath(this.#path, k));
  }

  /** Opens a tail, and empties it. @param place in {@linkcode #tails} */
  async #openTail(place: number, path: string): Promise<LineWriter> {
    const { file } = await openSideFile(path, { begins: TAIL_BEGINNING });
    const tailFile = this.#isSynced ? file : withoutSync(file);
    const tail = this.#tails[place] = new LineWriter(tailFile, this.#name);
    await tail.cutTo(0);
    return tail;
  }

  /** Removes parts, the last one first, so that they have no gap if it is killed. */
  async #removePartsFrom(number: number): Promise<void> {
    const paths = await listParts(this.#path);
    while (paths.length > Math.max(number, 1)) await Deno.remove(paths.pop()!);
  }

  async finish(): Promise<void> {
    await this.#sealing;
    if (this.#failure !== undefined) throw this.#failure;
    const { rows } = this.#group;
    if (rows > 0 || this.#before === 0) this.#part ??= this.#openPart();
    if (rows > 0) await this.#part!.append(this.#group.end());
    await this.#part?.finish(this.#columns);
    for (const tail of this.#tails) await tail.close();
    this.#tails = [];
    try {
      for (const tail of [0, 1]) await Deno.remove(toTailPath(this.#path, tail));
    } catch (error) {
      throw new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#sealing;
    this.#closePart();
    this.#reserve.close();
    this.#file.close();
    for (const tail of Object.values(this.#tails)) {
      await tail.close().catch((error) => this.#failure ??= error);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Where the rows are gathered that a run goes on with. */
function toFreshTailPath(path: string): string {
  return `${path}.rows.tmp`;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
