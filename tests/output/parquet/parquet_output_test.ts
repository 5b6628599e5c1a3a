import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError, OutputError, UsageError } from "../../../lib/errors.ts";
import { listFiles } from "../../../lib/output/list_files.ts";
import { PART_LIMITS } from "../../../lib/output/parquet/part.ts";
import { ParquetFile } from "../../../lib/output/parquet/parquet_file.ts";
import { ParquetOutput } from "../../../lib/output/parquet/parquet_output.ts";
import { FIELDS } from "../../../lib/output/record.ts";
import { createRowFormatter, readRow, toRowColumns } from "../../../lib/output/rows/row_lines.ts";
import type { Result } from "../../../lib/result.ts";
import { DuckDb } from "../../fixtures/duckdb.ts";
import { folder } from "../../fixtures/folder.ts";
import { fillDisk } from "../../fixtures/full_disk.ts";
import { FAILED, HOSTILE, RESULT, TARGET } from "../../fixtures/hostile_result.ts";
import { finish, myriad, start } from "../../fixtures/program.ts";
import { ok, RawServer } from "../../fixtures/raw_server.ts";
import { result } from "../../fixtures/result.ts";
import { until } from "../../fixtures/until.ts";

const SMALL = { groupRows: 6, groupBytes: Infinity, groups: 2, metadataBytes: Infinity };

async function open(
  path: string,
  limits = PART_LIMITS,
  fields: readonly string[] = ["i", "detail"],
  captures: readonly string[] = [],
): Promise<ParquetOutput> {
  return new ParquetOutput({
    file: await Deno.open(path, { write: true, create: true }),
    path,
    name: `--output ${path}`,
    gzip: false,
    isForTerminal: false,
    fields,
    captures,
  }, limits);
}

/** Ends an output as a run does whose last journal is on the disk. */
async function end(output: ParquetOutput): Promise<void> {
  await output.sync();
  output.confirm();
  await output.finish();
  await output.close();
}

/** The numbers of the records in all parts. */
async function readNumbers(path: string): Promise<unknown[]> {
  const numbers: unknown[] = [];
  for (const part of await listFiles([path])) {
    const file = await ParquetFile.open(part);
    for (const k of file.groups.keys()) {
      await file.readGroup(k, ["i"], ([i]) => numbers.push(i));
    }
    file.close();
  }
  return numbers;
}

Deno.test("ParquetOutput gives DuckDB each field with its type, whatever a server sent", async () => {
  await using dir = await folder();
  const path = dir.path("o.parquet");
  const fields = [...Object.keys(FIELDS), "c"];
  const output = await open(path, PART_LIMITS, fields, ["c"]);
  const long = "ü😀\0'\n".repeat(40_000);
  const via = { remote: "[::1]:80", dnsMs: 1.5, connectMs: null, tlsMs: 0 };
  const results: Result[] = [
    RESULT,
    { ...FAILED, target: { ...TARGET, url: HOSTILE }, captures: [HOSTILE] },
    // What a schema that is guessed from the first records has no room for.
    { ...RESULT, ms: 1.75, bytes: 3e9, status: null, ttfbMs: 1, error: "reset", detail: long, via },
    { ...RESULT, ms: 1e9, bytes: Number.MAX_SAFE_INTEGER, isReused: true, via, captures: [17] },
    { ...RESULT, at: Date.parse("1969-07-20T20:17:40.123Z"), captures: [false] },
  ];
  await output.cutTo(0);
  for (const it of results) await output.write(it);
  const format = createRowFormatter({ fields, captures: ["c"], isForTerminal: false });
  const bytes = new TextEncoder().encode(results.map(format).join(""));
  await output.writeEncoded({ bytes, isPacked: false });
  await end(output);

  using duckDb = await DuckDb.open();
  const { columns, rows } = await duckDb.query(`SELECT * FROM '${path}'`);
  const types = { integer: "BIGINT", number: "DOUBLE", text: "VARCHAR", boolean: "BOOLEAN" };
  const expectedColumns = toRowColumns({ fields, captures: ["c"] });
  assertEquals(
    columns,
    expectedColumns.map(({ name, type }) => [
      name,
      type === "time" ? "TIMESTAMP WITH TIME ZONE" : types[type],
    ]),
  );
  const toPlain = (value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : value instanceof Date ? +value : value;
  const expected = results.map((it) => readRow(expectedColumns, it, 0));
  assertEquals(rows.map((row) => row.map(toPlain)), [...expected, ...expected]);
});

Deno.test("ParquetOutput has row groups that end, nulls alone, and dictionaries that are given up", async () => {
  await using dir = await folder();
  const path = dir.path("o.parquet");
  const fields = ["i", "url", "status", "reused", "location", "content_type", "detail"];
  const output = await open(path, PART_LIMITS, fields);
  await output.cutTo(0);
  const columns = toRowColumns({ fields, captures: [] });
  const rows: unknown[][] = [];
  for (let i = 0; i < 40_000; i++) {
    const it = result({
      // One value, then many; many from the first page on; few; runs; nothing for a page, then all.
      status: i < 20_000 ? 200 : i,
      location: `/${i % 7}`,
      contentType: i % 100 < 60 ? null : `${i % 3}`,
      via: i % 3 === 0 ? null : { remote: null, dnsMs: null, connectMs: null, tlsMs: null },
      isReused: i % 5 === 0,
      ...i > 30_000 ? { error: "reset", detail: "x".repeat(i % 300) } as const : {},
    }, { i, url: `http://h/${i}` });
    rows.push(readRow(columns, it, 0));
    await output.write(it);
    if (i !== 35_000) continue;
    await output.sync();
    output.confirm();
  }
  await end(output);
  const read: unknown[][] = [];
  const file = await ParquetFile.open(path);
  for (const k of file.groups.keys()) await file.readGroup(k, fields, (row) => read.push(row));
  file.close();
  assertEquals(file.rows, rows.length);
  for (const [k, row] of rows.entries()) assertEquals(read[k], row);
  using duckDb = await DuckDb.open();
  const sums = await duckDb.query(
    `SELECT count(*)::int, sum(i)::int, count(DISTINCT url)::int, sum(status)::int,
       count(reused)::int, count(*) FILTER (reused)::int, sum(substr(location, 2)::int)::int,
       count(content_type)::int, sum(length(detail))::int FROM '${path}'`,
  );
  const sum = (of: (row: unknown[]) => number): number => rows.reduce((s, row) => s + of(row), 0);
  assertEquals(sums.rows, [[
    rows.length,
    sum(([i]) => i as number),
    rows.length,
    sum(([, , status]) => status as number),
    sum((row) => Number(row[3] !== null)),
    sum((row) => Number(row[3] === true)),
    sum((row) => Number((row[4] as string).slice(1))),
    sum((row) => Number(row[5] !== null)),
    sum((row) => (row[6] as string | null)?.length ?? 0),
  ]]);
});

/** What is done on files after the process has died. */
class Died extends Error {}

/** Lets only so many operations on files take place. @returns how to end that, and how many did */
function dieAfter(last: number): () => number {
  let done = 0;
  const restore: (() => void)[] = [];
  const patch = (object: object, name: string, isSync = false): void => {
    const methods = object as Record<string, (...args: unknown[]) => unknown>;
    const method = methods[name];
    methods[name] = function (this: unknown, ...args: unknown[]): unknown {
      if (done++ < last) return method.apply(this, args);
      if (isSync) throw new Died(name);
      return Promise.reject(new Died(name));
    };
    restore.push(() => methods[name] = method);
  };
  for (const name of ["open", "rename", "remove"]) patch(Deno, name);
  patch(Deno, "openSync", true);
  for (const name of ["write", "truncate", "syncData"]) patch(Deno.FsFile.prototype, name);
  return () => {
    for (const it of restore) it();
    return done;
  };
}

/** Writes records up to a number, with a journal after each fifth, and ends the output. */
async function writeUpTo(
  output: ParquetOutput,
  journal: { position: number },
  count: number,
): Promise<void> {
  await output.cutTo(journal.position);
  for (let i = journal.position; i < count; i++) {
    await output.write(result({}, { i }));
    if (i % 5 !== 4) continue;
    journal.position = await output.sync();
    output.confirm();
  }
  journal.position = await output.sync();
  output.confirm();
  await output.finish();
}

Deno.test("ParquetOutput loses nothing when a run dies between any two file operations", async () => {
  await using dir = await folder();
  const count = 33;
  for (let last = 0;; last += 2) {
    const path = dir.path(`${last}.parquet`);
    const journal = { position: 0 };
    // Dies twice: a run that goes on dies, too.
    let done = 0;
    for (const operations of [last, last / 2]) {
      const output = await open(path, SMALL);
      const restore = dieAfter(operations);
      await writeUpTo(output, journal, count).catch(() => {});
      await output.close().catch(() => {});
      done = Math.max(done, restore());
    }
    const output = await open(path, SMALL);
    assert(await output.reaches(journal.position), `${last}: ${journal.position}`);
    await writeUpTo(output, journal, count);
    await output.close();
    const numbers = await readNumbers(path);
    assertEquals(numbers, Array.from({ length: count }, (_, i) => i), `after ${last} operations`);
    const left = [...Deno.readDirSync(dir.path())].map(({ name }) => name);
    assertEquals(left.filter((name) => !name.endsWith(".parquet")), []);
    for (const name of left) await Deno.remove(dir.path(name));
    if (done <= last) break;
  }
});

Deno.test("ParquetOutput says once that the disk is full when it goes on", async () => {
  await using dir = await folder();
  const path = dir.path("o.parquet");
  const output = await open(path);
  await output.cutTo(0);
  output.write(result({}, { i: 0 }));
  assertEquals(await output.sync(), 1);
  await output.close();
  const next = await open(path);
  {
    using _full = fillDisk();
    const error = await assertRejects(() => next.cutTo(1), OutputError);
    const said = `Cannot write '--output ${path}': no space left on device: free some`;
    assertEquals(error.message, said);
  }
  await next.close().catch(() => {});
});

Deno.test("ParquetOutput goes on in a further part, and removes parts that are not its own", async () => {
  await using dir = await folder();
  const path = dir.path("o.parquet");
  const journal = { position: 0 };
  for (const count of [3, 7, 7, 9]) {
    const output = await open(path);
    await writeUpTo(output, journal, count);
    await output.close();
  }
  const names = (): string[] => [...Deno.readDirSync(dir.path())].map(({ name }) => name).sort();
  assertEquals(names(), ["o.0001.parquet", "o.0002.parquet", "o.parquet"]);
  assertEquals(await readNumbers(path), [...Array(9).keys()]);
  // A retry has put other records in place of those that the last two parts held.
  const other = await open(path);
  assertEquals([await other.reaches(9), await other.reaches(10)], [true, false]);
  await assertRejects(() => other.cutTo(5), UsageError, "its parts do not end where its journal");
  await other.close();
  const shorter = await open(path);
  await writeUpTo(shorter, { position: 3 }, 4);
  await shorter.close();
  assertEquals(names(), ["o.0001.parquet", "o.parquet"]);
  assertEquals(await readNumbers(path), [0, 1, 2, 3]);
  const fresh = await open(path);
  await writeUpTo(fresh, { position: 0 }, 0);
  await fresh.close();
  assertEquals(names(), ["o.parquet"]);
  // What stands where its rows go is left alone.
  const tail = await dir.write("p.parquet.rows1", "mine");
  const refused = await open(dir.path("p.parquet"));
  await assertRejects(() => refused.cutTo(0), UsageError, "rows1' is of another program: move it");
  await refused.close();
  assertEquals(await Deno.readTextFile(tail), "mine");
  using duckDb = await DuckDb.open();
  const { columns, rows } = await duckDb.query(`SELECT * FROM '${path}'`);
  assertEquals([columns, rows], [[["i", "BIGINT"], ["detail", "VARCHAR"]], []]);
});

Deno.test("--output FILE.parquet has one record of each request after kill -9 and --resume, with threads", async () => {
  await using dir = await folder();
  const output = dir.path("o.parquet");
  const count = 400;
  let seen = 0;
  let isHeld = true;
  await using server = await RawServer.start(({ send, request }) => {
    seen++;
    const i = Number(request.split(" ")[1].slice(1));
    if (isHeld && i >= count / 2) return;
    send(ok(`{"id":${i}}`));
  });
  const argv = ["-n", `${count}`, "-c", "20", "--threads", "2", server.url("/{}")];
  argv.push("-o", output, "--capture", "id=json:/id", "--resume", "--progress", "none");
  await using child = start(argv);
  const ended = finish(child);
  await until(() => seen >= count / 2 && Deno.statSync(`${output}.rows0`).size > 1_000);
  child.kill("SIGKILL");
  assertEquals((await ended).code, 137);
  isHeld = false;
  const { code, stderr } = await myriad(argv);
  assertEquals([code, stderr], [0, ""]);
  using duckDb = await DuckDb.open();
  const { rows } = await duckDb.query(
    `SELECT count(*)::int, count(DISTINCT i)::int, count(*) FILTER (id = i::text)::int
       FROM '${dir.path("o*.parquet")}'`,
  );
  assertEquals(rows, [[count, count, count]]);
  assertEquals((await listFiles([output])).length, 1);
});

Deno.test("ParquetFile.open() tells what the system says, which says nothing of the content", async () => {
  await using dir = await folder();
  const path = dir.path();
  const error = await assertRejects(() => ParquetFile.open(path), InputError);
  assertEquals(error.message, `Cannot read '${path}': Is a directory`);
});
