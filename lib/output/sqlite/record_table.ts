/**
 * The table of records: its columns, and its rows by number.
 *
 * @module
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { UsageError } from "../../errors.ts";
import type { RecordScanner } from "../../scan/scanner.ts";
import { type Column, type FieldType, toIso, type Value } from "../record.ts";
import { RowScanner } from "../rows/row_scanner.ts";
import { DisorderError } from "./sqlite_error.ts";

/** The type of a column for each type of a field. */
const TYPES: Readonly<Record<FieldType, string>> = {
  integer: "INTEGER",
  number: "REAL",
  text: "TEXT",
  boolean: "INTEGER",
  time: "TEXT",
};

/** The number of a row has these names in SQL, which no column may have. */
const ROW_NUMBERS = ["rowid", "oid", "_rowid_"];

/** The number of rows that are held at once; of a file of others, each has 4 MiB at most. */
const BATCH = 32;

/** A value as SQLite takes it. */
export type SqlValue = string | number | null;

/** A value as SQLite keeps it: a boolean as 0 or 1, a time as a text of ISO 8601. */
export function toSqlValue(type: FieldType, value: Value): SqlValue {
  if (value === null) return null;
  if (type === "time") return toIso(value as number);
  return typeof value === "boolean" ? Number(value) : value;
}

/**
 * The statements that make the table of records.
 *
 * @param name the flag and its value, for messages
 * @throws {UsageError} If SQLite would take two columns for one: it does not tell case apart.
 */
export function formatTable(columns: readonly Column[], name: string): string {
  const taken = new Set(ROW_NUMBERS);
  for (const column of columns) {
    const lower = column.name.toLowerCase();
    if (taken.has(lower)) {
      throw new UsageError(
        `Cannot write '${name}': SQLite has another column '${lower}': use another name in ` +
          `place of '${column.name}'`,
      );
    }
    taken.add(lower);
  }
  const list = columns.map(({ name, type, isNullable }) =>
    `${quote(name)} ${TYPES[type]}${isNullable ? "" : " NOT NULL"}`
  );
  const table = `CREATE TABLE records (${list.join(", ")}) STRICT`;
  return columns.some(({ name }) => name === "i")
    ? `${table}; CREATE INDEX records_i ON records (i)`
    : table;
}

/** The statement that adds rows, with a parameter for each value. */
export function formatInsert(columns: readonly Column[], rows: number): string {
  const names = columns.map(({ name }) => quote(name));
  const row = `(${columns.map(() => "?").join(", ")})`;
  return `INSERT INTO records (${names.join(", ")}) VALUES ${new Array(rows).fill(row).join(", ")}`;
}

/** The name of a column in SQL. */
function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A row: its number as `n`, and each column that is looked for by its place among the names. */
type SqlRow = Record<string, SQLOutputValue>;

/** The rows of a table of records, a batch at a time. */
export class RecordRows {
  readonly #fetch: (after: number) => SqlRow[];
  readonly #scanner: RowScanner;
  readonly #has: readonly boolean[];
  readonly #values: (Value | undefined)[];

  /**
   * @param names the fields to find, which are then known by their place
   * @returns undefined if there is no table of records
   */
  static find(
    connection: Pick<DatabaseSync, "prepare">,
    names: readonly string[],
  ): RecordRows | undefined {
    // A view could take any time to read.
    const table = connection.prepare(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'records'",
    );
    return table.get() && new RecordRows(connection, names);
  }

  private constructor(connection: Pick<DatabaseSync, "prepare">, names: readonly string[]) {
    const columns = connection.prepare("SELECT name FROM pragma_table_info('records')").all()
      .map(({ name }) => name);
    this.#has = names.map((name) => columns.includes(name));
    const found = names.flatMap((name, k) => this.#has[k] ? [`, ${quote(name)} AS "${k}"`] : []);
    const rows = connection.prepare(
      `SELECT rowid AS n${found.join("")} FROM records WHERE rowid > ? ` +
        `ORDER BY rowid LIMIT ${BATCH}`,
    );
    this.#fetch = (after) => rows.all(after);
    this.#values = new Array(names.length);
    this.#scanner = new RowScanner(names.length);
  }

  /** Whether the rows have a field, by its place among the names. */
  has(field: number): boolean {
    return this.#has[field];
  }

  /**
   * The rows in the order in which they were written, {@linkcode BATCH} at a time.
   *
   * @throws {DisorderError} If their numbers do not ascend: reading would never end.
   */
  *batches(): Generator<SqlRow[]> {
    for (let last = -1;;) {
      const rows = this.#fetch(last);
      if (rows.length === 0) return;
      for (const row of rows) {
        const number = toRowNumber(row);
        if (!(number > last)) throw new DisorderError();
        last = number;
      }
      yield rows;
    }
  }

  /** The fields of a row, valid until the next call. */
  scan(row: SqlRow): RecordScanner {
    for (let k = 0; k < this.#has.length; k++) {
      const value = this.#has[k] ? row[k] : undefined;
      // Bytes are neither a text nor a number.
      this.#values[k] = typeof value === "object" && value !== null ? true : value as Value;
    }
    this.#scanner.setRow(this.#values);
    return this.#scanner;
  }
}

/** The number of a row of a batch. */
export function toRowNumber({ n }: SqlRow): number {
  return n as number;
}
