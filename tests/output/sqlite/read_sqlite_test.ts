import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { DatabaseSync } from "node:sqlite";
import { InputError, UsageError } from "../../../lib/errors.ts";
import type { RecordUse } from "../../../lib/output/output.ts";
import { scanRecords } from "../../../lib/output/scan_records.ts";
import { ABSENT, DECIMAL, INTEGER, NULL, OTHER, PLAIN } from "../../../lib/scan/scanner.ts";
import { Input } from "../../../lib/source/input.ts";
import { folder } from "../../fixtures/folder.ts";

// Databases that runs did not write, or that are not whole.

const NAMES = ["i", "ms", "none", "detail"];

async function make(path: string, sql: string): Promise<string> {
  await Deno.writeFile(path, new Uint8Array());
  using connection = new DatabaseSync(path);
  connection.exec(sql);
  return path;
}

async function read(path: string, use: Partial<RecordUse> = {}): Promise<number> {
  let records = 0;
  await scanRecords(await Input.open(path), NAMES, {
    take: () => void records++,
    onUnreadable: () => {},
    ...use,
  });
  return records;
}

Deno.test("read() finds the fields of each row, whatever its columns and types are", async () => {
  await using dir = await folder();
  const path = await make(
    dir.path("a.db"),
    `CREATE TABLE records (detail, x, ms, i);
     INSERT INTO records VALUES ('a "b"', 1, 1.75, 1), (x'00', 1, NULL, 2), ('', 1, -1, 3);
     DELETE FROM records WHERE i = 3; INSERT INTO records VALUES ('ü', 1, 1e300, 9007199254740991)`,
  );
  const rows: unknown[] = [];
  const fields: boolean[] = [];
  await read(path, {
    onFields: (has) => fields.push(...NAMES.map((_, field) => has(field))),
    take: ({ kinds }) => void rows.push([...kinds]),
  });
  assertEquals(fields, [true, true, false, true]);
  assertEquals(rows, [
    [INTEGER, DECIMAL, ABSENT, PLAIN],
    [INTEGER, NULL, ABSENT, OTHER],
    [INTEGER, OTHER, ABSENT, PLAIN],
  ]);
});

Deno.test("read() has each row once, and ends where that is enough", async () => {
  await using dir = await folder();
  const path = await make(
    dir.path("a.db"),
    `CREATE TABLE records (i);
     WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3499)
     INSERT INTO records SELECT i FROM n; DELETE FROM records WHERE i BETWEEN 500 AND 1999`,
  );
  assertEquals(await read(path), 2_000);
  assertEquals(await read(path, { isEnough: () => true }), 32);
});

Deno.test("read() says what is wrong with a file", async () => {
  await using dir = await folder();
  const good = await make(
    dir.path("a.db"),
    "CREATE TABLE records (i); INSERT INTO records VALUES (1)",
  );
  const bytes = await Deno.readFile(good);
  const write = async (name: string, bytes: Uint8Array): Promise<string> => {
    await Deno.writeFile(dir.path(name), bytes);
    return dir.path(name);
  };
  const packed = await write("b.db", gzipSync(bytes));
  const cut = await write("c.db", bytes.slice(0, 4_096));
  const view = await make(
    dir.path("d.db"),
    `CREATE VIEW records AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i FROM n)
     SELECT i FROM n`,
  );
  for (
    const [path, why] of [
      [packed, "it is compressed: decompress it first"],
      [cut, "it is damaged: use another file"],
      [view, "it has no table 'records': use the output of a run"],
    ]
  ) {
    const { message } = await assertRejects(() => read(path), UsageError);
    assertEquals(message, `Cannot read '${path}': ${why}`);
  }
  const broken = await write("e.db", bytes.with(4_096, 0xff));
  const { message } = await assertRejects(() => read(broken), InputError);
  assertEquals(message, `Cannot read '${broken}' to its end: it is damaged: use another file`);
  const large = await make(
    dir.path("f.db"),
    "CREATE TABLE records (i); INSERT INTO records VALUES (9007199254740993)",
  );
  await assertRejects(() => read(large), InputError, "too large");
  const long = await make(
    dir.path("g.db"),
    "CREATE TABLE records (detail); INSERT INTO records VALUES (zeroblob(4194305))",
  );
  await assertRejects(() => read(long), InputError, "it has a row of more than 4 MiB");
  const piped = { path: "-", read: () => Promise.resolve(chunks.shift()), close: () => {} };
  const chunks = [bytes];
  await assertRejects(
    () => scanRecords(piped, NAMES, { take: () => {}, onUnreadable: () => {} }),
    UsageError,
    "Cannot read '-': a database cannot be read from standard input: name its file",
  );
});

Deno.test("read() refuses rows that are not in the order of their numbers", async () => {
  await using dir = await folder();
  const path = await make(
    dir.path("a.db"),
    "CREATE TABLE records (detail); INSERT INTO records VALUES ('first'), ('second')",
  );
  const bytes = await Deno.readFile(path);
  const at = new TextDecoder("latin1").decode(bytes).indexOf("first");
  // The number of a row stands before the head of its values, which has two bytes. Both rows are
  // found behind the second one then, again and again.
  assertEquals(bytes[at - 3], 1);
  bytes[at - 3] = 2;
  await Deno.writeFile(path, bytes);
  await assertRejects(() => read(path), InputError, "it is damaged");
});
