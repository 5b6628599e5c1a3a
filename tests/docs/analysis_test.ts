import { assert, assertEquals, assertRejects } from "@std/assert";
import { createCsvFormatter } from "../../lib/output/csv.ts";
import { createFormatter } from "../../lib/output/ndjson.ts";
import type { Result } from "../../lib/result.ts";
import { DuckDb } from "../fixtures/duckdb.ts";
import { type Folder, folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { type Block, Markdown, ROOT } from "../fixtures/markdown.ts";
import { result } from "../fixtures/result.ts";

// The queries of docs/analysis.md as pasted, over records that mislead a reader that guesses: what
// DuckDB looks at by itself, 20,480 records, has no failure, no quotes and whole milliseconds.

const PAGE = "docs/analysis.md";
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

/** The run before it: fewer requests, and one that failed where the other did not. */
function makeBefore(i: number): Result {
  return i === 17
    ? result({ ...makeResult(i), status: null, error: "reset", detail: "reset" }, { i })
    : makeResult(i);
}

const RESULTS = Array.from({ length: RECORDS }, (_, i) => makeResult(i));
const BEFORE = Array.from({ length: RECORDS - 2 }, (_, i) => makeBefore(i));
const FAILED = RESULTS.filter(({ error }) => error !== undefined);
const SUCCEEDED = RESULTS.filter(({ error }) => error === undefined);

async function writeRecords(dir: Folder): Promise<void> {
  const toNdjson = createFormatter({ fields: undefined, captures: [] });
  const csv = createCsvFormatter({ fields: undefined, captures: [], isForTerminal: false });
  await dir.write("results.ndjson", RESULTS.map(toNdjson).join(""));
  await dir.write("results.csv", csv.header + RESULTS.map(csv.format).join(""));
  await dir.write("before.ndjson", BEFORE.map(toNdjson).join(""));
}

/** The value that a share of values does not exceed, as `quantile_disc` has it. */
function percentiles(results: readonly Result[]): number[] {
  const sorted = results.map(({ ms }) => ms).sort((a, b) => a - b);
  return [0.5, 0.9, 0.99].map((q) => sorted[Math.ceil(q * sorted.length) - 1]);
}

/** In the order in which they first come. */
function groupBy<K>(results: readonly Result[], toKey: (it: Result) => K): [K, Result[]][] {
  return [...Map.groupBy(results, toKey)];
}

const count = (results: readonly Result[]): bigint => BigInt(results.length);
const succeeded = (results: readonly Result[]): Result[] =>
  results.filter(({ error }) => error === undefined);
const failed = (results: readonly Result[]): bigint => count(results) - count(succeeded(results));

/** What the query under each heading has to give. */
const ANSWERS: Readonly<Record<string, () => unknown[][]>> = {
  "The whole run": () => {
    const ends = RESULTS.map(({ at, ms }) => at + ms);
    return [[
      count(RESULTS),
      count(FAILED),
      percentiles(SUCCEEDED),
      13n * count(RESULTS),
      new Date(START),
      new Date(Math.floor(ends.reduce((a, b) => Math.max(a, b)))),
    ]];
  },
  "Percentiles by host": () =>
    groupBy(RESULTS, ({ target }) => new URL(target.url).host)
      .map(([host, of]) => [host, count(of), failed(of), percentiles(succeeded(of))])
      .sort(([, a], [, b]) => Number(b as bigint) - Number(a as bigint)),
  "Failures": () =>
    groupBy(FAILED, ({ error }) => error)
      .map(([error, of]) => [
        error,
        of[0].status,
        of[0].detail,
        count(of),
        of.map(({ target }) => target.url).sort()[0],
      ]).sort(([a, , , n], [b, , , m]) => Number(m) - Number(n) || (a! < b! ? -1 : 1)),
  "Over time": () =>
    groupBy(RESULTS, ({ at }) => Math.floor(at / 10_000)).map(([start, of]) => {
      const good = succeeded(of);
      const mean = good.reduce((sum, { ms }) => sum + ms, 0) / good.length;
      return [new Date(start * 10_000), count(of), failed(of), Math.round(mean * 1000) / 1000];
    }),
  "The slowest": () =>
    SUCCEEDED.toSorted((a, b) => b.ms - a.ms || a.target.i - b.target.i).slice(0, 10)
      .map(({ target, ms, status }) => [BigInt(target.i), ms, status, target.url]),
  "Two runs": () => [
    [17n, RESULTS[17].target.url, null, 200, null, 0],
    ...RESULTS.slice(BEFORE.length).map(({ target, status, error }) => [
      BigInt(target.i),
      target.url,
      null,
      status,
      error ?? null,
      null,
    ]),
  ],
  "One record for each request": () => [[BigInt(RECORDS), BigInt(RECORDS), 0n]],
};

/** A block of SQL, and the heading above it. */
interface Query {
  readonly heading: string;
  readonly sql: string;
}

/** @param dir what the names of files are in, as they would be for the reader */
async function readQueries(dir: Folder): Promise<Query[]> {
  const { blocks, prose } = new Markdown(await Deno.readTextFile(ROOT + PAGE));
  const headings = [...prose].filter(([, text]) => /^#+ /.test(text));
  const toQuery = ({ line, text }: Block): Query => ({
    heading: headings.findLast(([above]) => above < line)![1].replace(/^#+ /, ""),
    sql: text.replaceAll(/'((?:results|before)\.[\w.*]+)'/g, (_, name) => `'${dir.path(name)}'`),
  });
  return blocks.filter(({ language }) => language === "sql").map(toQuery);
}

/** Whether it opens records, in one of the formats. */
const isOpening = ({ sql }: Query): boolean => sql.includes("VIEW results");

const ignore = !isInstalled("npm");

Deno.test("the queries of docs/analysis.md are right where a reader that guesses is not", {
  ignore,
}, async () => {
  await using dir = await folder();
  await writeRecords(dir);
  const all = await readQueries(dir);
  const queries = all.filter(({ heading }) => heading in ANSWERS);
  assertEquals(queries.map(({ heading }) => heading), Object.keys(ANSWERS));
  using db = await DuckDb.open();
  const [copying] = all.filter(({ sql }) => sql.startsWith("COPY"));
  for (const opening of all.filter(isOpening)) {
    await db.query(opening.sql);
    for (const { heading, sql } of queries) {
      const where = `${heading}, of ${opening.heading}`;
      assertEquals((await db.query(sql)).rows, ANSWERS[heading](), where);
    }
    // Parquet is what the file of the next opening is made by.
    if (opening.heading === "NDJSON") await db.query(copying.sql);
  }
  const rest = all.filter((it) => !queries.includes(it) && !isOpening(it) && it !== copying);
  assertEquals(rest.map(({ sql }) => sql.slice(0, 8)), ["DESCRIBE"]);
  const described = (await db.query(rest[0].sql)).rows.map(([name, type]) => `${name} ${type}`);
  assertEquals(described, [
    ...["i BIGINT", "url VARCHAR", "status BIGINT", "ms DOUBLE", "bytes BIGINT"],
    ...["attempts BIGINT", "at TIMESTAMP", "error VARCHAR", "detail VARCHAR"],
  ]);
});

Deno.test(
  "DuckDB does by itself what docs/analysis.md warns of",
  { ignore },
  async () => {
    await using dir = await folder();
    await writeRecords(dir);
    using db = await DuckDb.open();
    const [ndjson, csv] = [dir.path("results.ndjson"), dir.path("results.csv")];
    const message = async (sql: string): Promise<string> =>
      (await assertRejects(() => db.query(sql), Error)).message;
    assert((await message(`SELECT error FROM '${ndjson}'`)).includes(`column "error" not found`));
    const { columns, rows } = await db.query(`SELECT ms, "at" FROM '${ndjson}' ORDER BY i DESC`);
    assertEquals(columns, [["ms", "BIGINT"], ["at", "TIMESTAMP"]]);
    assertEquals(rows[0][0], BigInt(Math.round(RESULTS.at(-1)!.ms)));
    assert((await message(`SELECT at FROM '${ndjson}'`)).includes("syntax error"));
    assert((await message(`SELECT count(ms) FROM '${csv}'`)).includes("CSV Error"));
    const [opening] = (await readQueries(dir)).filter(isOpening);
    await db.query(opening.sql);
    const broken = await dir.write(
      "partial.ndjson",
      (await Deno.readTextFile(ndjson)).slice(0, -9),
    );
    const read = `FROM read_records('${broken}')`;
    assert((await message(`SELECT count(*) ${read}`)).includes("unexpected end of data"));
    await db.query(opening.sql.replace("\n})", "\n}, ignore_errors = true)"));
    const counts = await db.query(`SELECT count(*), count(i) ${read}`);
    assertEquals(counts.rows, [[BigInt(RECORDS), BigInt(RECORDS - 1)]]);
  },
);
