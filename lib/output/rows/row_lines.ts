/**
 * Rows: the values of a record by column, for formats that are not text. Threads and workers send
 * them to the writer as lines, each a JSON array.
 *
 * @module
 */
import { OutputError } from "../../errors.ts";
import type { Result } from "../../result.ts";
import type { FormatOptions } from "../output.ts";
import {
  type Column,
  type ColumnType,
  DEFAULT_FIELDS,
  type FieldType,
  toColumns,
  type Value,
} from "../record.ts";

/** The values of a record, in the order of its columns, each of its column's type or null. */
export type Row = Value[];

/** The columns of an output of rows. */
export function toRowColumns(
  { fields = DEFAULT_FIELDS, captures }: Pick<FormatOptions, "fields" | "captures">,
): Column[] {
  return toColumns(fields, captures).map((column) => {
    const { type, of } = column;
    return type === "text" ? { ...column, of: (result, k) => toText(of(result, k)) } : column;
  });
}

/** A text, or a value that was captured as something else, in well-formed Unicode. */
function toText(value: Value): string | null {
  return value === null ? null : String(value).toWellFormed();
}

/** The row of a result. @param thread the number of the thread that has the result, from 0 */
export function readRow(columns: readonly Column[], result: Result, thread: number): Row {
  const row = new Array<Value>(columns.length);
  for (let k = 0; k < row.length; k++) row[k] = columns[k].of(result, thread);
  return row;
}

/** A row as a line, with its line break. */
export function formatRow(row: Row): string {
  return `${JSON.stringify(row)}\n`;
}

/** Makes the function that formats a result as a row's line. */
export function createRowFormatter(options: FormatOptions): (result: Result) => string {
  const columns = toRowColumns(options);
  const { thread = 0 } = options;
  return (result) => formatRow(readRow(columns, result, thread));
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const HAS_TYPE: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  integer: Number.isSafeInteger,
  number: Number.isFinite,
  text: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  time: Number.isSafeInteger,
};

/**
 * Reads the row of a line, without its line break.
 *
 * @returns undefined if it is not a row of these columns
 */
export function parseRow(line: string, columns: readonly ColumnType[]): Row | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(row) || row.length !== columns.length) return undefined;
  for (let k = 0; k < row.length; k++) {
    const { type, isNullable } = columns[k];
    if (row[k] === null ? !isNullable : !HAS_TYPE[type](row[k])) return undefined;
  }
  return row;
}

/**
 * Reads rows that {@linkcode createRowFormatter} has made and a thread or a worker has encoded.
 *
 * @param name the flag and its value, for messages
 * @throws {OutputError} If they are not rows of these columns.
 */
export function readRowLines(
  bytes: Uint8Array,
  columns: readonly ColumnType[],
  name: string,
): Row[] {
  const lines = decoder.decode(bytes).split("\n");
  // What is behind the last line break.
  lines.pop();
  return lines.map((line) => {
    const row = parseRow(line, columns);
    if (row === undefined) {
      throw new OutputError(
        `Cannot write '${name}': a record came in another form: resume the run`,
      );
    }
    return row;
  });
}
