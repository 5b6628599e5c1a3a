import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { OutputFormatName } from "../../lib/output/formats.ts";
import { openFile } from "../../lib/output/line_writer.ts";
import { openRecords } from "../../lib/output/open_output.ts";
import type { Output, OutputDatabase } from "../../lib/output/output.ts";
import type { Result } from "../../lib/result.ts";
import { DuckDb } from "../fixtures/duckdb.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { type Block, Markdown, ROOT } from "../fixtures/markdown.ts";
import { result } from "../fixtures/result.ts";

// The queries of docs/analysis.md as pasted, over records that mislead a reader that guesses: what
// DuckDB looks at by itself, 20,480 records, has no failure, no quotes and whole milliseconds.

const PAGE = "docs/analysis.md";
const WITHOUT_NPM = { ignore: !isInstalled("npm") };
const RECORDS = 32_000;
const FIRST_FAILURE = 30_001;
const START = Date.UTC(2026, 0, 1, 23, 59, 50);

/** A result of the run after the change. */
function makeResult(i: number): Result {
  const isLate = i >= FIRST_FAILURE;
  const ms = isLate ? 1.75 + i % 100 : 2 + i % 7;
  const url = `http://${i % 3 === 0 ? "[::1]:8080" : "localhost"}/${i}${isLate ? "?q=a,b" : ""}`;
  const failure: Partial<Result> = !isLate || i % 5 !== 1
    ? {}
    : i % 2 === 0
    ? { status: null, error: "timeout", detail: "no complete response within 5000 ms" }
    : { status: 503, error: "expect", detail: 'the status is 503\n1,"http://evil/",200,😀' };
  return result({ at: START + i, ms, ...failure }, { i, url });
}

/** A result of the run before it: one request failed that did not after it. */
function makeBefore(i: number): Result {
  return i === 17
    ? { ...makeResult(i), status: null, error: "reset", detail: "reset" }
    : makeResult(i);
}

const RESULTS = Array.from({ length: RECORDS }, (_, i) => makeResult(i));
/** Fewer than the others. */
const BEFORE = Array.from({ length: RECORDS - 2 }, (_, i) => makeBefore(i));
const FAILED = RESULTS.filter(({ error }) => error !== undefined);
const SUCCEEDED = RESULTS.filter(({ error }) => error === undefined);

/** Writes records as a run does. @returns the path of the file */
async function writeRecords(
  dir: Folder,
  name: string,
  format: OutputFormatName,
  results: readonly Result[],
): Promise<string> {
  const path = dir.path(`${name}.${format}`);
  // A database opens its file itself.
  const file = format === "sqlite" ? undefined : (await openFile(path, { flag: "--output" })).file;
  const options = { output: { path, format, gzip: false, fields: undefined }, captures: [] };
  const output = await openRecords(options, file);
  await output.cutTo(0);
  for (const it of results) await output.write(it);
  await output.sync();
  output.confirm?.();
  if ("commit" in output) (output as Output & OutputDatabase).commit();
  await output.finish?.();
  await output.close();
  return path;
}

/** The values that shares of the latencies do not exceed. */
function percentiles(results: readonly Result[]): number[] {
  const sorted = results.map(({ ms }) => ms).sort((a, b) => a - b);
  return [0.5, 0.9, 0.99].map((q) => sorted[Math.ceil(q * sorted.length) - 1]);
}

/** In the order in which they first come. */
function groupBy<K>(results: readonly Result[], toKey: (it: Result) => K): [K, Result[]][] {
  return [...Map.groupBy(results, toKey)];
}

const succeeded = (results: readonly Result[]): Result[] =>
  results.filter(({ error }) => error === undefined);
const meanMs = (results: readonly Result[]): number => {
  const good = succeeded(results);
  return Math.round(good.reduce((sum, { ms }) => sum + ms, 0) / good.length * 1000) / 1000;
};
/** How many there are, and how many of them failed. */
const counts = (results: readonly Result[]): [bigint, bigint] => [
  BigInt(results.length),
  BigInt(results.length - succeeded(results).length),
];
const toBigInt = (status: number | null): bigint | null => status === null ? null : BigInt(status);

/** What the query under each heading has to give. */
const ANSWERS: Readonly<Record<string, () => unknown[][]>> = {
  "The whole run": () => {
    const end = RESULTS.reduce((end, { at, ms }) => Math.max(end, at + ms), 0);
    const bytes = 13n * BigInt(RECORDS);
    return [[
      ...[...counts(RESULTS), percentiles(SUCCEEDED), bytes],
      ...[new Date(START), new Date(Math.floor(end))],
    ]];
  },
  "Percentiles by host": () =>
    groupBy(RESULTS, ({ target }) => new URL(target.url).host)
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([host, of]) => [host, ...counts(of), percentiles(succeeded(of))]),
  "Failures": () =>
    groupBy(FAILED, ({ error }) => error!)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([error, of]) => {
        const [{ status, detail }] = of;
        const example = of.map(({ target }) => target.url).sort()[0];
        return [error, toBigInt(status), detail, counts(of)[0], example];
      }),
  "Over time": () =>
    groupBy(RESULTS, ({ at }) => Math.floor(at / 10_000))
      .map(([start, of]) => [new Date(start * 10_000), ...counts(of), meanMs(of)]),
  "The slowest": () =>
    SUCCEEDED.toSorted((a, b) => b.ms - a.ms || a.target.i - b.target.i).slice(0, 10)
      .map(({ target, ms, status }) => [BigInt(target.i), ms, toBigInt(status), target.url]),
  "Two runs": () => [
    [17n, RESULTS[17].target.url, null, 200n, null, 0],
    ...RESULTS.slice(BEFORE.length).map(({ target, status, error }) => [
      ...[BigInt(target.i), target.url, null, toBigInt(status), error ?? null, null],
    ]),
  ],
  "One record for each request": () => [[BigInt(RECORDS), BigInt(RECORDS), 0n]],
};

/** The headings under which records are opened, and the format of those. */
const OPENINGS: Readonly<Record<string, OutputFormatName>> = {
  NDJSON: "ndjson",
  CSV: "csv",
  Parquet: "parquet",
};

/** The blocks of SQL under each heading. @param dir where the files are that they name */
async function readQueries(dir: Folder): Promise<(heading: string) => string[]> {
  const { blocks, prose } = new Markdown(await Deno.readTextFile(ROOT + PAGE));
  const headings = [...prose].filter(([, text]) => /^#+ /.test(text));
  const findHeading = ({ line }: Block): string =>
    headings.findLast(([above]) => above < line)![1].replace(/^#+ /, "");
  const all = Map.groupBy(blocks.filter(({ language }) => language === "sql"), findHeading);
  const known = [...Object.keys(OPENINGS), ...Object.keys(ANSWERS)];
  assertEquals([...all.keys()], [...known, "From NDJSON to Parquet", "SQLite"]);
  return (heading) =>
    all.get(heading)!.map(({ text }) =>
      text.replaceAll(
        /'((?:results|records|before)\*?\.[\w.*]+)'/g,
        (_, name) => `'${dir.path(name)}'`,
      )
    );
}

Deno.test("docs/analysis.md has queries that are right for any records", WITHOUT_NPM, async () => {
  await using dir = await folder();
  const sqlUnder = await readQueries(dir);
  await writeRecords(dir, "before", "ndjson", BEFORE);
  using db = await DuckDb.open();
  const check = async (of: string): Promise<void> => {
    for (const [heading, answer] of Object.entries(ANSWERS)) {
      assertEquals((await db.query(sqlUnder(heading)[0])).rows, answer(), `${heading}, of ${of}`);
    }
  };
  for (const [heading, format] of Object.entries(OPENINGS)) {
    await writeRecords(dir, "results", format, RESULTS);
    await db.query(sqlUnder(heading)[0]);
    await check(format);
  }
  await db.query(sqlUnder("From NDJSON to Parquet")[0]);
  const { columns } = await db.query("FROM results LIMIT 0");
  await db.query(`CREATE OR REPLACE VIEW results AS FROM '${dir.path("records.parquet")}'`);
  await check("the copy");
  assertEquals((await db.query("FROM results LIMIT 0")).columns, columns);
  const { rows } = await db.query(sqlUnder("NDJSON")[1]);
  assertEquals(rows.map(([name, type]) => `${name} ${type}`), [
    ...["i BIGINT", "url VARCHAR", "status BIGINT", "ms DOUBLE", "bytes BIGINT"],
    ...["attempts BIGINT", "at TIMESTAMP", "error VARCHAR", "detail VARCHAR"],
  ]);
});

Deno.test("docs/analysis.md has queries of SQLite that are right", async () => {
  await using dir = await folder();
  const path = await writeRecords(dir, "results", "sqlite", RESULTS);
  await writeRecords(dir, "before", "sqlite", BEFORE);
  const sqlUnder = await readQueries(dir);
  const database = new DatabaseSync(path);
  try {
    const [whole, minutes, joined] = sqlUnder("SQLite").map((sql) => {
      const statements = sql.trim().split(/(?<=;)\n/);
      for (const statement of statements.slice(0, -1)) database.exec(statement);
      return database.prepare(statements.at(-1)!).all().map((row) => Object.values(row));
    });
    assertEquals(whole, [percentiles(SUCCEEDED)]);
    assertEquals(
      minutes,
      groupBy(RESULTS, ({ at }) => new Date(at).toISOString().slice(0, 16).replace("T", " "))
        .map(([minute, of]) => [minute, ...counts(of).map(Number), meanMs(of)]),
    );
    assertEquals(joined, [[17, RESULTS[17].target.url, null, 200, null]]);
  } finally {
    database.close();
  }
});

Deno.test("DuckDB does by itself what docs/analysis.md warns of", WITHOUT_NPM, async () => {
  await using dir = await folder();
  const ndjson = await writeRecords(dir, "results", "ndjson", RESULTS);
  const csv = await writeRecords(dir, "results", "csv", RESULTS);
  using db = await DuckDb.open();
  const refuse = async (sql: string): Promise<string> =>
    (await assertRejects(() => db.query(sql), Error)).message;
  assert((await refuse(`SELECT error FROM '${ndjson}'`)).includes(`column "error" not found`));
  const { columns, rows } = await db.query(`SELECT ms, "at" FROM '${ndjson}' ORDER BY i DESC`);
  assertEquals(columns, [["ms", "BIGINT"], ["at", "TIMESTAMP"]]);
  assertEquals(rows[0][0], BigInt(Math.round(RESULTS.at(-1)!.ms)));
  assert((await refuse(`SELECT at FROM '${ndjson}'`)).includes("syntax error"));
  assert((await refuse(`SELECT count(ms) FROM '${csv}'`)).includes("CSV Error"));
  const [opening] = (await readQueries(dir))("NDJSON");
  await db.query(opening);
  const broken = await dir.write("partial.ndjson", (await Deno.readTextFile(ndjson)).slice(0, -9));
  const read = `FROM read_records('${broken}')`;
  assert((await refuse(`SELECT count(*) ${read}`)).includes("unexpected end of data"));
  await db.query(opening.replace("\n})", "\n}, ignore_errors = true)"));
  const { rows: [found] } = await db.query(`SELECT count(*), count(i) ${read}`);
  assertEquals(found, [BigInt(RECORDS), BigInt(RECORDS - 1)]);
});
