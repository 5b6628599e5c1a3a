import { DatabaseSync } from "node:sqlite";
import { NAMES, RunRecord } from "../../lib/commands/report/run_record.ts";
import { InputError, UsageError } from "../../lib/errors.ts";
import { encodeFooter } from "../../lib/output/parquet/footer.ts";
import { MAGIC } from "../../lib/output/parquet/format.ts";
import { read as readParquet } from "../../lib/output/parquet/read_parquet.ts";
import { RowGroup } from "../../lib/output/parquet/row_group.ts";
import type { ColumnType } from "../../lib/output/record.ts";
import { read as readSqlite } from "../../lib/output/sqlite/read_sqlite.ts";
import { attemptLater, type FuzzTarget, hold } from "../target.ts";

function makeDatabase(): Uint8Array {
  const path = Deno.makeTempFileSync();
  const connection = new DatabaseSync(path);
  connection.exec(
    "PRAGMA page_size = 512; CREATE TABLE records (url TEXT, status INTEGER, ms REAL)",
  );
  connection.exec("INSERT INTO records VALUES ('http://h/', 200, 1.5), (NULL, NULL, 2)");
  connection.close();
  const bytes = Deno.readFileSync(path);
  Deno.removeSync(path);
  return bytes;
}

function makeParquet(): Uint8Array {
  const columns: ColumnType[] = [
    { name: "url", type: "text", isNullable: true },
    { name: "status", type: "integer", isNullable: true },
    { name: "at", type: "time", isNullable: false },
  ];
  const group = new RowGroup(columns);
  group.add(["http://h/", 200, 0]);
  group.add([null, null, 1e12]);
  const ended = group.end();
  const groups = [{ rows: ended.rows, metadata: ended.toMetadata(MAGIC.length) }];
  const pieces = [MAGIC, ...ended.pages, encodeFooter(columns, groups)];
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

export const target: FuzzTarget = {
  reads: "records of Parquet and SQLite, as report takes them",
  seeds: [makeParquet(), makeDatabase()],
  tokens: ["PAR1", "SQLite format 3\0", "records", "status", "\x15", "\x19", "\x1c", "\0\0\0"],
  maxSteps: (bytes) => 2_000_000 + 2_000 * bytes,

  async run(input) {
    // They are files, and not read as streams.
    const path = Deno.makeTempFileSync();
    Deno.writeFileSync(path, input);
    const rows: unknown[] = [];
    const record = new RunRecord();
    const use = {
      take: (scanner: Parameters<RunRecord["take"]>[0]) => {
        if (record.take(scanner)) {
          rows.push([record.status, record.ms, record.at, record.target.url]);
        }
      },
      onUnreadable: () => {},
    };
    const file = { path, read: () => Promise.resolve(undefined), close: () => {} };
    const isParquet = input[0] === MAGIC[0];
    const read = await attemptLater(
      () => (isParquet ? readParquet : readSqlite)(file, NAMES, use),
      InputError,
      UsageError,
    ).finally(() => Deno.removeSync(path));
    // Where a column is damaged, the reader of Parquet goes on with the others for a while.
    await new Promise((resolve) => setTimeout(resolve));
    hold(rows.length <= 100_000, "more rows than there is room for");
    return JSON.stringify([rows, "error" in read ? read.error.replace(path, "PATH") : ""]);
  },
};
