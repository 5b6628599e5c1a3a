/**
 * Reads records from a database of SQLite.
 *
 * @module
 */
import type { DatabaseSync, DatabaseSyncOptions } from "node:sqlite";
import { InputError, UsageError } from "../../errors.ts";
import { MAX_LINE_BYTES } from "../../scan/byte_lines.ts";
import type { RecordInput, RecordUse } from "../output.ts";
import { openConnection } from "./open_connection.ts";
import { RecordRows } from "./record_table.ts";
import { describeSqliteError, isSqliteError } from "./sqlite_error.ts";

/** Milliseconds that reading waits for a writer without a write-ahead log. */
const LOCK_WAIT_MS = 10_000;

/** A row is as long as a line of text at most. The types do not know of limits yet. */
const READING: DatabaseSyncOptions & { limits: { length: number } } = {
  readOnly: true,
  limits: { length: MAX_LINE_BYTES },
};

/** Reads the records of a database, which has to be a file, and closes the input. */
export async function read(
  input: RecordInput,
  names: readonly string[],
  { take, onFields, isEnough = () => false }: RecordUse,
): Promise<void> {
  const { path } = input;
  // SQLite opens the file itself; a descriptor that is closed later would take its locks along.
  input.close();
  const fail = (why: string): never => {
    throw new UsageError(`Cannot read '${path}': ${why}`);
  };
  if (path === "-") fail("a database cannot be read from standard input: name its file");
  const connection = connect(path, fail);
  try {
    const rows = RecordRows.find(connection, names) ??
      fail("it has no table 'records': use the output of a run");
    onFields?.((field) => rows.has(field));
    for (const batch of rows.batches()) {
      for (const row of batch) take(rows.scan(row));
      if (await isEnough()) return;
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    throw new InputError(`Cannot read '${path}' to its end: ${describeSqliteError(error)}`);
  } finally {
    connection.close();
  }
}

function connect(path: string, fail: (why: string) => never): DatabaseSync {
  try {
    const connection = openConnection(path, READING);
    // What stands in the schema of a foreign file is not called.
    connection.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}; PRAGMA trusted_schema = OFF`);
    connection.prepare("SELECT 1 FROM sqlite_schema").get();
    return connection;
  } catch (error) {
    // It begins as a database does once it is decompressed.
    return fail(
      /not a database/.test(String(error))
        ? "it is compressed: decompress it first"
        : describeSqliteError(error),
    );
  }
}
