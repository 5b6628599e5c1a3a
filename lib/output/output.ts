/**
 * What takes the records of a run, and what a format of such outputs is.
 *
 * @module
 */
import type { Result } from "../result.ts";
import type { RecordScanner } from "../scan/scanner.ts";
import type { MaybePromise } from "../stream.ts";
import type { LineFile } from "./line_writer.ts";
import type { EncodedRecords } from "./record_encoder.ts";

/**
 * How far an output reaches. Only its format knows what it counts, such as bytes or rows; 0 is the
 * beginning in every format.
 */
export type Position = number;

/** Takes the records of a run. A journal keeps its position, so that the run can be resumed. */
export interface Output {
  /** What else it is, if it is a database: it keeps the journal itself. */
  readonly database?: OutputDatabase;
  /** About how many bytes were written so far. A journal is due after some more of them. */
  readonly written: number;
  /**
   * The minimum number of milliseconds between two calls of {@linkcode sync} for journals: it costs
   * room or time.
   */
  readonly syncIntervalMs: number;
  /**
   * Takes the record of a result.
   *
   * @returns a promise if the caller has to wait before the next one
   * @throws {OutputError} If it, or an earlier one, could not be written; or by the promise.
   * @throws {ClosedPipe} If nobody reads standard output any more; or by the promise.
   */
  write(result: Result): MaybePromise<void>;
  /**
   * Takes records that another thread has encoded; otherwise like {@linkcode write}. The output may
   * empty their bytes.
   *
   * @returns a promise if the caller has to wait: it settles once these records are in the file
   */
  writeEncoded(records: EncodedRecords): MaybePromise<void>;
  /**
   * Takes the row of a result, whose line comes by {@linkcode writeLines} before the next
   * {@linkcode sync}: so nothing is read twice. Absent where records are only lines of text.
   *
   * @returns the line
   * @throws {OutputError} If it, or an earlier one, could not be written.
   */
  addRow?(result: Result): string;
  /**
   * Takes records that this thread has encoded, whose bytes are valid during the call only;
   * otherwise like {@linkcode write}. Where there are rows, it has had them before.
   */
  writeLines(lines: Uint8Array): MaybePromise<void>;
  /**
   * Brings all records so far to the disk, or, in a database, into the transaction that is to be
   * committed; those that come in the meantime are not among them.
   *
   * @returns the position behind them
   * @throws {OutputError} If they could not be written.
   */
  sync(): Promise<Position>;
  /** Told that a journal on the disk has the position that {@linkcode sync} gave last. */
  confirm?(): void;
  /** Whether it holds everything up to a position. */
  reaches(position: Position): Promise<boolean>;
  /**
   * Removes what is behind a position, and continues there; from 0 it starts over. It is called
   * once, before the first record.
   *
   * @throws {UsageError} If that is not possible.
   */
  cutTo(position: Position): Promise<void>;
  /**
   * Makes the file whole for others to read, and takes no record any more; absent where it is whole
   * at each position. It is called once everything is in a journal.
   *
   * @throws {OutputError} If it could not be written.
   */
  finish?(): Promise<void>;
  /**
   * Writes what is left, and lets go of the file.
   *
   * @throws {OutputError} If something could not be written, now or before.
   * @throws {ClosedPipe} If nobody reads standard output any more.
   */
  close(): Promise<void>;
}

/**
 * An output that keeps the texts of its run, such as the journal, in the transactions of its
 * records: after a kill there are those of the last {@linkcode commit}, of both.
 */
export interface OutputDatabase {
  /** Whether its file was not there before. */
  readonly isNew: boolean;
  /** The size of its file as it was found, in bytes. */
  readonly size: number;
  /**
   * Removes all that is in it, the texts and the tables too. It is called before
   * {@linkcode Output.cutTo}, which removes records only.
   *
   * @throws {UsageError} If that is not possible.
   */
  startOver(): Promise<void>;
  /** A text by its name; undefined without it. */
  readText(name: string): string | undefined;
  /** Replaces a text; undefined removes it. */
  writeText(name: string, text: string | undefined): void;
  /**
   * Brings all so far to the disk.
   *
   * @throws {OutputError} If it could not be written.
   */
  commit(): void;
  /** Removes the records that are not kept. @returns the position behind the others */
  keepRecords(records: KeptRecords): Position;
}

/** How a record is formatted. */
export type FormatOptions = Pick<RecordOptions, "fields" | "captures" | "isForTerminal" | "thread">;

/** What waits until it is on the disk: each block of results, each journal, or nothing. */
export type SyncMode = "always" | "interval" | "never";

/** How a run's records are written. */
export interface RecordOptions {
  /** The file, opened to be written and not changed yet, or standard output. */
  readonly file: LineFile;
  /** Its path; `-` for standard output. */
  readonly path: string;
  /** The flag and its value, for messages. */
  readonly name: string;
  /** Whether the name asks for compression. */
  readonly gzip: boolean;
  /** The fields of each record, in order; undefined for those that a result has. */
  readonly fields: readonly string[] | undefined;
  /** The names of what is captured, in the order in which results have it. */
  readonly captures: readonly string[];
  /** Whether {@linkcode Output.sync} waits for the disk. @default true */
  readonly isSynced?: boolean;
  /** Whether people read it on a terminal. */
  readonly isForTerminal: boolean;
  /** The number of the thread whose results they are. @default 0 */
  readonly thread?: number;
}

/** Where records are read from. A format that is not read in order opens the path. */
export interface RecordInput {
  /** `-` for standard input. */
  readonly path: string;
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  close(): void;
}

/** What becomes of records that are read. */
export interface RecordUse {
  /** Takes a record; the scanner has the next one when it returns. */
  take(scanner: RecordScanner): void;
  /**
   * Told, before the first record, which fields all of them have, by their place among the names;
   * not by a format whose records can differ. It may throw.
   */
  onFields?(has: (field: number) => boolean): void;
  /** Called for each piece, such as a line, that is not a record. It may throw. */
  onUnreadable(): void;
  /** Asked now and then whether to end. */
  isEnough?: (() => boolean) | undefined;
}

/** Writes outputs of a format. */
export interface OutputWriter {
  /** Opens an output, and changes nothing. */
  open(options: RecordOptions): MaybePromise<Output>;
  /** Makes the function that formats a record, without the header of the output. */
  createFormatter(options: FormatOptions): (result: Result) => string;
}

/** Reads outputs of a format. */
export interface OutputReader {
  /**
   * Reads the records of an input, and closes it.
   *
   * @param names the fields to find, which are then known by their place
   * @throws {InputError} If the input breaks off.
   */
  read(input: RecordInput, names: readonly string[], use: RecordUse): Promise<void>;
  /**
   * Copies records as they are; absent for databases, which can leave records out themselves.
   *
   * @returns the position behind the last one, all of which is on the disk
   * @throws {UsageError} If a file cannot be opened.
   * @throws {InputError} If the input breaks off.
   * @throws {OutputError} If the copy cannot be written.
   */
  copy?(options: CopyOptions): Promise<Position>;
}

/** Which records of an output are kept. */
export interface KeptRecords {
  /** The fields that `isKept` looks at, which are then known by their place. */
  readonly names: readonly string[];
  /** Whether a record is kept. It may throw. */
  isKept(scanner: RecordScanner): boolean;
  /** Called for each piece that is not a record. It may throw. */
  onUnreadable(): void;
}

/** From where to where records are copied, and which of them. */
export interface CopyOptions extends KeptRecords {
  readonly from: string;
  /** A new file, in the same format. */
  readonly to: string;
  /** Whether its name asks for compression. */
  readonly gzip: boolean;
}

/** A format of outputs. */
export interface OutputFormat {
  /** Its name as people write it. */
  readonly title: string;
  /** How the names of such files end, in lower case, without the dot; the usual one first. */
  readonly endings: readonly string[];
  /** Whether all records have the same fields, so that they have to be known before the first. */
  readonly hasColumns: boolean;
  /** Whether its files are databases, which keep the journal of their run. @default {false} */
  readonly isDatabase?: boolean;
  /**
   * Whether its files are lines of text, which can go to standard output and be compressed as a
   * whole. If not, they are rows, whose formatters make lines of `rows/row_lines.ts`.
   */
  readonly isText: boolean;
  /**
   * Lists the files that a run has written, in their order, the first as it was named; absent where it
   * writes one only. Such a run needs the permission for their folder.
   */
  listParts?(path: string): Promise<readonly string[]>;
  /**
   * Whether a file is of this format.
   *
   * @param start its first line that is not blank, at most 1 MiB of it
   */
  begins(start: Uint8Array): boolean;
  /** Loads what writes such outputs. */
  loadWriter(): Promise<OutputWriter>;
  /** Loads what reads such outputs. */
  loadReader(): Promise<OutputReader>;
}
