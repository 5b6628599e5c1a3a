import type { StatementSync } from "node:sqlite";
import { OutputError, UsageError } from "../../errors.ts";
import type { Result } from "../../result.ts";
import type { KeptRecords, Output, OutputDatabase, Position, RecordOptions } from "../output.ts";
import type { Column, Value } from "../record.ts";
import type { EncodedRecords } from "../record_encoder.ts";
import { formatRow, readRow, readRowLines, toRowColumns } from "../rows/row_lines.ts";
import {
  formatInsert,
  formatTable,
  RecordRows,
  type SqlValue,
  toRowNumber,
  toSqlValue,
} from "./record_table.ts";
import { RunDatabase } from "./run_database.ts";
import { describeSqliteError } from "./sqlite_error.ts";

/** How often a transaction is committed: each takes the disk some milliseconds. */
const SYNC_MS = 1_000;
/** About how many bytes a row takes apart from its texts. */
const ROW_BYTES = 40;
/** How many rows one statement adds: with 16, a row takes 1.4 us instead of 2.4 us. */
const BATCH_ROWS = 16;

/**
 * The records of a run as rows of the table `records`, and its journal as a row of the table `run`.
 * The position is the number of the last row.
 */
export class SqliteOutput implements Output, OutputDatabase {
  readonly syncIntervalMs = SYNC_MS;
  readonly #database: RunDatabase;
  readonly #name: string;
  readonly #columns: readonly Column[];
  readonly #thread: number;
  /** The values of at most {@linkcode BATCH_ROWS} rows that are still to be added, one behind the other. */
  readonly #values: SqlValue[] = [];
  #addBatch!: StatementSync;
  #addRow!: StatementSync;
  /** The number of the last row, with those that are still to be added. */
  #last = 0;
  #written = 0;
  #failure: OutputError | undefined;

  /**
   * Opens a database and takes its lock, and changes nothing else.
   *
   * @throws {UsageError} If it is not a database of a run, or another program writes it.
   */
  static async open(options: RecordOptions): Promise<SqliteOutput> {
    const columns = toRowColumns(options);
    const { path, name, isSynced } = options;
    // A wrong name of a column is found before anything is made.
    formatTable(columns, name);
    return new SqliteOutput(await RunDatabase.open(path, name, isSynced), columns, options);
  }

  private constructor(
    database: RunDatabase,
    columns: readonly Column[],
    { name, thread = 0 }: Pick<RecordOptions, "name" | "thread">,
  ) {
    this.#database = database;
    this.#columns = columns;
    this.#name = name;
    this.#thread = thread;
  }

  get database(): OutputDatabase {
    return this;
  }

  get isNew(): boolean {
    return this.#database.isNew;
  }

  get size(): number {
    return this.#database.size;
  }

  get written(): number {
    return this.#written;
  }

  write(result: Result): void {
    if (this.#failure !== undefined) throw this.#failure;
    const columns = this.#columns;
    for (let k = 0; k < columns.length; k++) {
      this.#push(k, columns[k].of(result, this.#thread));
    }
    this.#endRow();
  }

  addRow(result: Result): string {
    if (this.#failure !== undefined) throw this.#failure;
    const row = readRow(this.#columns, result, this.#thread);
    for (let k = 0; k < row.length; k++) this.#push(k, row[k]);
    this.#endRow();
    return formatRow(row);
  }

  // A database has rows only.
  writeLines(): void {}

  writeEncoded({ bytes }: EncodedRecords): void {
    if (this.#failure !== undefined) throw this.#failure;
    for (const row of readRowLines(bytes, this.#columns, this.#name)) {
      for (let k = 0; k < row.length; k++) this.#push(k, row[k]);
      this.#endRow();
    }
  }

  /** Adds a value to the row. @param k its column */
  #push(k: number, value: Value): void {
    const given = toSqlValue(this.#columns[k].type, value);
    if (typeof given === "string") this.#written += given.length;
    this.#values.push(given);
  }

  #endRow(): void {
    this.#written += ROW_BYTES;
    this.#last++;
    if (this.#values.length < BATCH_ROWS * this.#columns.length) return;
    try {
      this.#addBatch.run(...this.#values);
    } catch (error) {
      throw this.#fail(error);
    }
    this.#values.length = 0;
  }

  /** Adds the rows that are still to be added. */
  #flush(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const width = this.#columns.length;
    try {
      for (let k = 0; k < this.#values.length; k += width) {
        this.#addRow.run(...this.#values.slice(k, k + width));
      }
    } catch (error) {
      throw this.#fail(error);
    }
    this.#values.length = 0;
  }

  /** After a failure there are no more rows: the transaction may have lost some. */
  #fail(error: unknown): OutputError {
    this.#failure = new OutputError(
      `Cannot write '${this.#name}': ${describeSqliteError(error)}`,
    );
    return this.#failure;
  }

  // deno-lint-ignore require-await -- a failure is a promise that is rejected
  async sync(): Promise<Position> {
    this.#flush();
    return this.#last;
  }

  reaches(position: Position): Promise<boolean> {
    return Promise.resolve(this.#findLast() >= position);
  }

  #findLast(): Position {
    if (!this.#database.hasTables) return 0;
    return Number(
      this.#database.prepare("SELECT max(rowid) AS last FROM records").get()?.last ?? 0,
    );
  }

  async startOver(): Promise<void> {
    try {
      if (this.#database.hasTables) await this.#database.empty();
    } catch (error) {
      this.#refuse(error);
    }
  }

  // deno-lint-ignore require-await -- a failure is a promise that is rejected
  async cutTo(position: Position): Promise<void> {
    const database = this.#database;
    try {
      if (!database.hasTables) {
        database.mark();
        database.execute(formatTable(this.#columns, this.#name));
        database.execute("CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
      } else {
        // Nothing is in the transaction yet: this begins the write-ahead log.
        database.commit();
        database.prepare("DELETE FROM records WHERE rowid > ?").run(position);
      }
      this.#last = this.#findLast();
      this.#addRow = database.prepare(formatInsert(this.#columns, 1));
      this.#addBatch = database.prepare(formatInsert(this.#columns, BATCH_ROWS));
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): never {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Cannot write '${this.#name}': ${describeSqliteError(error)}`);
  }

  readText(name: string): string | undefined {
    if (!this.#database.hasTables) return undefined;
    const row = this.#database.prepare("SELECT value FROM run WHERE name = ?").get(name);
    return row === undefined ? undefined : String(row.value);
  }

  writeText(name: string, text: string | undefined): void {
    const database = this.#database;
    if (text === undefined) database.prepare("DELETE FROM run WHERE name = ?").run(name);
    else database.prepare("REPLACE INTO run VALUES (?, ?)").run(name, text);
  }

  commit(): void {
    this.#flush();
    try {
      this.#database.commit();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  keepRecords({ names, isKept }: KeptRecords): Position {
    const remove = this.#database.prepare("DELETE FROM records WHERE rowid = ?");
    const rows = RecordRows.find(this.#database, names);
    for (const batch of rows?.batches() ?? []) {
      for (const row of batch) if (!isKept(rows!.scan(row))) remove.run(toRowNumber(row));
    }
    return this.#last = this.#findLast();
  }

  finish(): Promise<void> {
    try {
      this.#database.gather();
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(this.#fail(error));
    }
  }

  close(): Promise<void> {
    this.#database.close();
    return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure);
  }
}
