import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { OutputError, UsageError } from "../../../lib/errors.ts";
import type { RecordOptions } from "../../../lib/output/output.ts";
import { STDOUT } from "../../../lib/output/line_writer.ts";
import { FIELDS } from "../../../lib/output/record.ts";
import { createRowFormatter } from "../../../lib/output/rows/row_lines.ts";
import { SqliteOutput } from "../../../lib/output/sqlite/sqlite_output.ts";
import { integerAt } from "../../../lib/scan/scanner.ts";
import { folder } from "../../fixtures/folder.ts";
import { FAILED, HOSTILE, RESULT } from "../../fixtures/hostile_result.ts";
import { result } from "../../fixtures/result.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import { query } from "../../fixtures/sqlite_file.ts";

const HAS_READERS = isInstalled("sqlite3") && isInstalled("python3");

const toOptions = (path: string, more: Partial<RecordOptions> = {}): RecordOptions => ({
  file: STDOUT,
  path,
  name: `--output ${path}`,
  gzip: false,
  fields: ["i", "ms"],
  captures: [],
  isForTerminal: false,
  ...more,
});

const open = (path: string, more?: Partial<RecordOptions>): Promise<SqliteOutput> =>
  SqliteOutput.open(toOptions(path, more));

const add = (output: SqliteOutput, i: number): void => output.write(result({ ms: i / 4 }, { i }));

/** The numbers of the records in a database, in the order in which they were written. */
const numbersOf = (path: string): unknown[] =>
  query(path, "SELECT i FROM records ORDER BY rowid").map(({ i }) => i);

Deno.test("SqliteOutput.commit() brings records and texts to the disk at once, and nothing else does", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const output = await open(path);
  assertEquals([output.isNew, output.size], [true, 0]);
  await output.cutTo(0);
  for (const i of [3, 1]) add(output, i);
  output.writeText("journal", "one");
  assertEquals(await output.sync(), 2);
  output.commit();
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  add(output, 2);
  output.writeText("journal", "two");
  // Another connection reads while this one writes.
  const read = (): unknown[] => [numbersOf(path), query(path, "SELECT * FROM run")];
  const first = [[3, 1], [{ name: "journal", value: "one" }]];
  assertEquals(read(), first);
  await output.close();
  assertEquals(read(), first);

  const second = await open(path);
  assertEquals([second.isNew, second.readText("journal")], [false, "one"]);
  assertEquals([await second.reaches(2), await second.reaches(3)], [true, false]);
  await second.cutTo(2);
  for (const i of [4, 5]) add(second, i);
  assertEquals(await second.sync(), 4);
  second.writeText("journal", undefined);
  second.commit();
  await second.finish();
  await second.close();
  assertEquals(read(), [[3, 1, 4, 5], []]);
  assertEquals([...Deno.readDirSync(dir.path("."))].map(({ name }) => name), ["out.sqlite"]);
});

Deno.test("SqliteOutput.cutTo() removes rows that no journal vouches for, and startOver() all", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const first = await open(path);
  await first.cutTo(0);
  for (let i = 0; i < 5; i++) add(first, i);
  first.commit();
  await first.close();
  const second = await open(path);
  await second.cutTo(3);
  add(second, 9);
  assertEquals(await second.sync(), 4);
  second.commit();
  await second.close();
  assertEquals(numbersOf(path), [0, 1, 2, 9]);
  // A run that is resumed before its first record, or makes all requests again, keeps its texts.
  const empty = await open(path);
  empty.writeText("journal", "one");
  empty.commit();
  await empty.cutTo(0);
  await empty.close();
  assertEquals(query(path, "SELECT value FROM run"), [{ value: "one" }]);
  // The new run has other columns, and whoever could read the file still can.
  await Deno.chmod(path, 0o640);
  const third = await open(path, { fields: ["status"] });
  await third.startOver();
  await third.cutTo(0);
  add(third, 7);
  third.commit();
  await third.close();
  assertEquals(query(path, "SELECT * FROM records"), [{ status: 200 }]);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
  const fourth = await open(path, { fields: ["status", "url"] });
  await assertRejects(() => fourth.cutTo(1), UsageError, "has no column named url");
  await fourth.close();
});

Deno.test("SqliteOutput has each field in a column of its type, also of rows that a thread has encoded", async () => {
  await using dir = await folder();
  const fields = [...Object.keys(FIELDS), "c", 'd"'];
  const more = { fields, captures: ["c", 'd"'], thread: 3 };
  const results = [
    { ...RESULT, captures: [17.5, true] },
    { ...FAILED, captures: [HOSTILE, null] },
    { ...RESULT, ms: 3e9, bytes: Number.MAX_SAFE_INTEGER, via: null },
  ];
  const paths = [dir.path("a.sqlite"), dir.path("b.sqlite")];
  for (const [k, path] of paths.entries()) {
    const output = await open(path, more);
    await output.cutTo(0);
    if (k === 0) results.forEach((result) => output.write(result));
    else {
      const lines = results.map(createRowFormatter(toOptions(path, more))).join("");
      output.writeEncoded({ bytes: new TextEncoder().encode(lines), isPacked: false });
    }
    assert(output.written > 200);
    output.commit();
    await output.close();
  }
  const list = fields.map((name) => `"${name.replaceAll('"', '""')}"`);
  const typed = (path: string): unknown[] =>
    query(
      path,
      `SELECT ${list}, ${list.map((name, k) => `typeof(${name}) AS t${k}`)} FROM records`,
    );
  const [row, , last] = typed(paths[0]) as Record<string, unknown>[];
  assertEquals(typed(paths[1]), typed(paths[0]));
  assertEquals(row.at, "2026-01-01T00:00:00.007Z");
  assertEquals([row.c, row['d"'], row.thread], ["17.5", "true", 3]);
  assertEquals([last.ms, last.bytes, last.reused], [3e9, Number.MAX_SAFE_INTEGER, null]);
  const typeOf = (name: string): unknown => row[`t${fields.indexOf(name)}`];
  assertEquals(["i", "ms", "url", "reused", "at"].map(typeOf), [
    "integer",
    "real",
    "text",
    "integer",
    "text",
  ]);
});

Deno.test(
  "SqliteOutput is read by the sqlite3 program and by Python",
  { ignore: !HAS_READERS },
  async () => {
    await using dir = await folder();
    const path = dir.path("out.sqlite");
    const output = await open(path, { fields: ["i", "ms", "at", "error", "detail"] });
    await output.cutTo(0);
    output.write(FAILED);
    for (let i = 0; i < 40; i++) output.write({ ...RESULT, ms: 1.75 });
    output.commit();
    const run = async (program: string, ...args: string[]): Promise<string> => {
      const command = new Deno.Command(program, { args, stderr: "inherit" });
      return new TextDecoder().decode((await command.output()).stdout).trim();
    };
    const script = `import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT i, ms, error, detail FROM records LIMIT 1")
print(json.dumps(rows.fetchall()))`;
    // Python reads it while it is written, the program once it is whole.
    assertEquals(JSON.parse(await run("python3", "-c", script, path)), [
      [17, 12.345, "timeout", HOSTILE.toWellFormed()],
    ]);
    await output.finish();
    await output.close();
    const sql = "PRAGMA integrity_check; SELECT count(*), sum(ms), max(datetime(at)), " +
      "sum(i = 17), hex(max(detail)) FROM records WHERE i = 17";
    const hex = new TextEncoder().encode(HOSTILE).toHex().toUpperCase();
    assertEquals(await run("sqlite3", path, sql), `ok\n41|82.345|2026-01-01 00:00:00|41|${hex}`);
  },
);

Deno.test("SqliteOutput.open() refuses what is not its own, and leaves it as it is", async () => {
  await using dir = await folder();
  const foreign = dir.path("foreign.db");
  const connection = new DatabaseSync(foreign);
  connection.exec("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
  connection.close();
  const later = dir.path("later.db");
  const own = await open(later);
  await own.cutTo(0);
  own.commit();
  await own.close();
  const other = new DatabaseSync(later);
  other.exec("PRAGMA user_version = 2");
  other.close();
  const text = await dir.write(
    "text.db",
    "This is a text, and no database of anybody.\n".repeat(9),
  );
  await Deno.mkdir(dir.path("folder.db"));
  for (
    const [path, why] of [
      [foreign, "it is a database of another program: use another name"],
      [later, "it is of another version of myriad: use another name"],
      [text, "it is not a database: use another file"],
      [dir.path("folder.db"), "it is a folder: use the name of a file"],
      [dir.path("none/out.db"), "no such folder: make it first"],
    ]
  ) {
    const before = await Deno.readFile(path).catch(() => undefined);
    const message = `Cannot write '--output ${path}': ${why}`;
    const error = await assertRejects(() => open(path), UsageError);
    assertEquals(error.message, message);
    assertEquals(await Deno.readFile(path).catch(() => undefined), before);
  }
  for (const names of [["url", "URL"], ["RowID"], ["oid"]]) {
    const path = dir.path("columns.db");
    await assertRejects(
      () => open(path, { fields: names, captures: names }),
      UsageError,
      "another",
    );
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }
});

Deno.test("SqliteOutput has the lock from open() to close(), between transactions too", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const output = await open(path);
  const refusal = "another program writes it: wait for its end";
  await assertRejects(() => open(path), UsageError, refusal);
  await output.cutTo(0);
  add(output, 1);
  output.commit();
  const other = new DatabaseSync(path);
  assertThrows(() => other.exec("DELETE FROM records"), Error, "locked");
  // It reads on, whatever is committed in the meantime.
  const rows = other.prepare("SELECT i FROM records UNION ALL SELECT -1").iterate();
  assertEquals(rows.next().value, { i: 1 });
  add(output, 2);
  output.commit();
  await output.finish();
  await output.close();
  assertEquals([...rows], [{ i: -1 }]);
  // Another connection would go on with the log of a file that is gone.
  const again = await open(path);
  await assertRejects(() => again.startOver(), UsageError, "another program has it open: close it");
  await again.close();
  other.close();
  assertEquals(numbersOf(path), [1, 2]);
});

Deno.test("SqliteOutput.keepRecords() removes the others, in one transaction", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const first = await open(path);
  await first.cutTo(0);
  // More than are read at once.
  for (let i = 0; i < 2_500; i++) add(first, i);
  first.commit();
  const names = ["none", "i"];
  const isKept = (i: number): boolean => i % 3 === 0 && i < 2_400;
  const records = {
    names,
    isKept: (scanner: Parameters<typeof integerAt>[0]) => isKept(integerAt(scanner, 1)),
    onUnreadable: () => {},
  };
  assertEquals(first.keepRecords(records), 2_398);
  await first.close();
  assertEquals(numbersOf(path).length, 2_500);
  const second = await open(path);
  await second.cutTo(2_500);
  second.keepRecords(records);
  add(second, 5_000);
  assertEquals(await second.sync(), 2_399);
  second.commit();
  await second.close();
  const kept = Array.from({ length: 2_500 }, (_, i) => i).filter(isKept);
  assertEquals(numbersOf(path), [...kept, 5_000]);
});

Deno.test("SqliteOutput says why it cannot write, and writes nothing more", async () => {
  await using dir = await folder();
  const path = dir.path("out.sqlite");
  const output = await open(path);
  await output.cutTo(0);
  add(output, 1);
  output.commit();
  const wrong = { bytes: new TextEncoder().encode('[1,"x"]\n'), isPacked: false };
  assertThrows(() => output.writeEncoded(wrong), OutputError, "came in another form");
  // What a full disk does is shown with a limit of pages.
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    prepare.call(this, "PRAGMA max_page_count = 8").get();
    return statement;
  };
  try {
    output.writeText("more", "x");
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  const full = `Cannot write '--output ${path}': no space left on device: free some`;
  const fill = (): void => {
    for (let i = 0; i < 5_000; i++) add(output, i);
  };
  assertEquals(assertThrows(fill, OutputError).message, full);
  assertThrows(() => add(output, 1), OutputError, full);
  assertThrows(() => output.commit(), OutputError, full);
  await assertRejects(() => output.sync(), OutputError, full);
  await assertRejects(() => output.close(), OutputError, full);
  assertEquals(numbersOf(path), [1]);
});
