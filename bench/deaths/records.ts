import { parse } from "@std/csv/parse";
import { gunzipSync } from "node:zlib";
import { DuckDb } from "../../tests/fixtures/duckdb.ts";
import { query } from "../../tests/fixtures/sqlite_file.ts";

/** What a record says, in whatever format. */
export interface Record {
  readonly i: number;
  readonly step: string | null;
  readonly url: string;
  readonly status: number | null;
  readonly bytes: number;
  readonly attempts: number;
  readonly error: string | null;
  readonly bodyFile: string | null;
}

/**
 * Reads an output as others do: whole, and with a reader that is not the program's own.
 *
 * @throws {Error} If it is damaged.
 */
export async function readRecords(path: string): Promise<Record[]> {
  if (path.endsWith(".sqlite")) return readSqlite(path);
  if (path.endsWith(".parquet")) return await readParquet(path);
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder("utf-8", { fatal: true })
    .decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  if (text !== "" && !text.endsWith("\n")) throw new Error("its last line has no end");
  return /\.csv/.test(path)
    ? parse(text, { skipFirstRow: true }).map((row: Row) => toRecord(row))
    : text.split("\n").slice(0, -1).map((line) => toRecord(JSON.parse(line)));
}

type Row = { readonly [name: string]: unknown };

function toRecord(row: Row): Record {
  const text = (name: string): string | null => {
    const value = row[name];
    return value === undefined || value === null || value === "" ? null : String(value);
  };
  const number = (name: string): number => Number(text(name) ?? NaN);
  return {
    i: number("i"),
    step: text("step"),
    url: text("url")!,
    status: text("status") === null ? null : number("status"),
    bytes: number("bytes"),
    attempts: number("attempts"),
    error: text("error"),
    bodyFile: text("body_file"),
  };
}

function readSqlite(path: string): Record[] {
  const [row] = query(path, "PRAGMA integrity_check");
  if (row.integrity_check !== "ok") throw new Error(`its integrity: ${row.integrity_check}`);
  return query(path, "SELECT * FROM records").map(toRecord);
}

/** One for all files; it is made on use. */
let duckDb: Promise<DuckDb> | undefined;

async function readParquet(path: string): Promise<Record[]> {
  const database = await (duckDb ??= DuckDb.open());
  const files = path.replace(/\.parquet$/, "*.parquet");
  const { columns, rows } = await database.query(`SELECT * FROM '${files}'`);
  return rows.map((row) =>
    toRecord(Object.fromEntries(columns.map(([name], k) => [name, row[k]])))
  );
}

/** Lets go of what reads Parquet. */
export async function closeReaders(): Promise<void> {
  const database = await duckDb;
  database?.[Symbol.dispose]();
  duckDb = undefined;
}
