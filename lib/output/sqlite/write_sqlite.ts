/**
 * Writes records as rows of a database of SQLite.
 *
 * @module
 */
import type { Output, RecordOptions } from "../output.ts";
import { createRowFormatter } from "../rows/row_lines.ts";
import { SqliteOutput } from "./sqlite_output.ts";

/** Opens an output that is a database. */
export function open(options: RecordOptions): Promise<Output> {
  return SqliteOutput.open(options);
}

/** Makes records as lines of rows. */
export const createFormatter = createRowFormatter;
