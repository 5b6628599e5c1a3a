/**
 * Files of Parquet as they are read: those of this program, and those that others have made of them.
 * hyparquet takes them apart, since others use every encoding; it is loaded only where one is read.
 *
 * @module
 */
import { zstdDecompressSync } from "node:zlib";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { InputError } from "../../errors.ts";
import { describeOsError, isOsError } from "../../process/os_error.ts";
import type { ColumnType, FieldType, Value } from "../record.ts";
import { toIso } from "../record.ts";

/** A row group of others can be as long as their file; more rows than these are not read at once. */
const MAX_ROWS = 4 * 1024 * 1024;

/** Times as texts, as the other formats have them. */
const PARSERS = {
  timestampFromMilliseconds: (ms: bigint) => toIso(Number(ms)),
  timestampFromMicroseconds: (us: bigint) => toIso(Number(us) / 1e3),
  timestampFromNanoseconds: (ns: bigint) => toIso(Number(ns) / 1e6),
};

const COMPRESSORS = {
  ZSTD: (bytes: Uint8Array, maxOutputLength: number): Uint8Array =>
    zstdDecompressSync(bytes, { maxOutputLength }),
};

/** A file of Parquet, opened to be read. */
export class ParquetFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #buffer: AsyncBuffer;
  readonly #metadata: FileMetaData;

  /** @throws {InputError} If it cannot be read. */
  static async open(path: string): Promise<ParquetFile> {
    const file = await tryToRead(path, () => Deno.open(path));
    try {
      return await tryToRead(path, async () => {
        const { size } = await file.stat();
        const buffer = { byteLength: size, slice: createSlice(file, size) };
        return new ParquetFile(path, file, buffer, await parquetMetadataAsync(buffer));
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(
    path: string,
    file: Deno.FsFile,
    buffer: AsyncBuffer,
    metadata: FileMetaData,
  ) {
    this.#path = path;
    this.#file = file;
    this.#buffer = buffer;
    this.#metadata = metadata;
  }

  /** How many rows it has. */
  get rows(): number {
    return Number(this.#metadata.num_rows);
  }

  /** Its columns, in their order. */
  get columns(): ColumnType[] {
    // The first element of a schema is its root.
    return this.#metadata.schema.slice(1).map(({ name, type, logical_type, repetition_type }) => ({
      name,
      type: logical_type?.type === "TIMESTAMP" ? "time" : TYPES[type ?? ""] ?? "text",
      isNullable: repetition_type !== "REQUIRED",
    }));
  }

  /** How many rows each of its row groups has. */
  get groups(): number[] {
    return this.#metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  }

  /**
   * Reads the rows of a row group.
   *
   * @param group its place, from 0
   * @param names the columns to read, in the order in which a row has them
   * @param take takes a row, which it may keep; a time is a text of ISO 8601
   * @throws {InputError} If it cannot be read.
   */
  async readGroup(
    group: number,
    names: readonly string[],
    take: (row: Value[]) => void,
  ): Promise<void> {
    const { groups } = this;
    const from = groups.slice(0, group).reduce((sum, rows) => sum + rows, 0);
    let rows: Record<string, unknown>[] = [];
    await tryToRead(this.#path, async () => {
      if (groups[group] > MAX_ROWS) throw new Error(`a row group has more than ${MAX_ROWS} rows`);
      await parquetRead({
        file: this.#buffer,
        metadata: this.#metadata,
        columns: [...names],
        rowStart: from,
        rowEnd: from + groups[group],
        rowFormat: "object",
        compressors: COMPRESSORS,
        parsers: PARSERS,
        onComplete: (read) => rows = read,
      });
    });
    for (const row of rows) take(names.map((name) => toValue(row[name])));
  }

  close(): void {
    this.#file.close();
  }
}

/** How many rows a file has; 0 for an empty file. @throws {InputError} If it cannot be read. */
export async function countRows(path: string): Promise<number> {
  const { size } = await tryToRead(path, () => Deno.stat(path));
  if (size === 0) return 0;
  const file = await ParquetFile.open(path);
  file.close();
  return file.rows;
}

const TYPES: Readonly<Record<string, FieldType | undefined>> = {
  INT32: "integer",
  INT64: "integer",
  FLOAT: "number",
  DOUBLE: "number",
  BOOLEAN: "boolean",
};

function toValue(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  // A type that no record has.
  return String(value);
}

/** Reads pieces of a file, each in one step: a reader asks for several at once. */
function createSlice(file: Deno.FsFile, size: number): AsyncBuffer["slice"] {
  return (start, end = size) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
    file.seekSync(start, Deno.SeekMode.Start);
    for (let length = 0; length < bytes.length;) {
      const count = file.readSync(bytes.subarray(length));
      if (count === null) throw new Error("it ends early");
      length += count;
    }
    return bytes.buffer;
  };
}

async function tryToRead<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isOsError(error)) throw new InputError(`Cannot read '${path}': ${describeOsError(error)}`);
    // What the library says of damaged metadata is about its own code.
    const isOfCode = error instanceof TypeError || error instanceof RangeError;
    const why = isOfCode ? "its metadata is damaged" : describeOsError(error);
    throw new InputError(
      `Cannot read '${path}' to its end: it is not whole Parquet (${why}): ` +
        "if its run was killed, go on with --resume",
    );
  }
}
