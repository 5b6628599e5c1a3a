import { assert, assertEquals, assertRejects } from "@std/assert";
import { readRecords } from "../../../lib/commands/verify/record_reader.ts";
import { UsageError } from "../../../lib/errors.ts";
import { createCsvFormatter } from "../../../lib/output/csv.ts";
import { createFormatter } from "../../../lib/output/ndjson.ts";
import { type FieldName, FIELDS } from "../../../lib/output/record.ts";
import type { Result } from "../../../lib/result.ts";
import { MAX_LINE_BYTES } from "../../../lib/scan/byte_lines.ts";
import { Input } from "../../../lib/source/input.ts";
import { folder } from "../../fixtures/folder.ts";
import { generator, textOf } from "../../fixtures/random_json.ts";
import { result } from "../../fixtures/result.ts";

/** A record of every kind of trouble, as text of the program's own making. */
function randomResult(random: (below: number) => number, i: number): Result {
  const hasFailed = random(4) === 0;
  const url = `http://h:8080/${i}${random(3) === 0 ? encodeURIComponent(textOf(random)) : ""}` +
    (random(4) === 0 ? `?q=${textOf(random).replaceAll(/[\n\t\0#]/g, "")}` : "");
  return result({
    status: hasFailed ? null : [200, 404, 503, 999, 100][random(5)],
    attempts: 1 + random(4),
    error: hasFailed ? "reset" : undefined,
    detail: hasFailed ? textOf(random) + textOf(random) : undefined,
    location: random(3) === 0 ? textOf(random) : null,
    bodyFile: random(3) === 0 ? "000/1.txt" : undefined,
    ms: random(1e6) / 997,
  }, { i, url });
}

async function recordsOf(file: string): Promise<{ records: unknown[]; unreadable: number }> {
  const records: unknown[] = [];
  const unreadable = await readRecords(
    await Input.open(file),
    file,
    (path, status, attempts) => records.push([`${path}`, status, attempts]),
  );
  return { records, unreadable };
}

Deno.test("readRecords() reads all records that the program writes, with any --fields", async () => {
  await using dir = await folder();
  const random = generator(3);
  const names = Object.keys(FIELDS) as FieldName[];
  for (let round = 0; round < 60; round++) {
    const some = names.filter(() => random(2) === 0);
    const fields = [...new Set<FieldName>(["url", "status", "attempts", "error", ...some])]
      .map((name) => ({ name, at: random(1e6) })).toSorted((a, b) => a.at - b.at)
      .map(({ name }) => name);
    const results = Array.from({ length: 50 }, (_, i) => randomResult(random, i));
    const options = { fields: undefined, captures: [], isForTerminal: false };
    const { header, format } = createCsvFormatter({ ...options, fields });
    const files = {
      "a.ndjson": results.map(createFormatter({ ...options, fields })).join(""),
      "b.ndjson": results.map(createFormatter(options)).join(""),
      "c.csv": header + results.map(format).join(""),
    };
    const expected = results.map(({ target, status, attempts, error }) => {
      const { pathname, search } = new URL(target.url);
      return [pathname + search, error === undefined ? status : 0, attempts];
    });
    for (const [name, text] of Object.entries(files)) {
      const file = await dir.write(name, text);
      assertEquals(await recordsOf(file), { records: expected, unreadable: 0 }, name);
    }
  }
});

Deno.test("readRecords() throws UsageError when a needed field is missing", async () => {
  await using dir = await folder();
  for (
    const [text, message] of [
      ['{"url":"http://h/","status":200}\n', "its records have no 'attempts'"],
      ["i,url,status\n1,http://h/,200\n", "its records have no 'attempts'"],
      ['{"n":1,"path":"/"}\n', "its records have no 'url'"],
      ["127.0.0.1 - -\n", "it does not begin with a record"],
      ["{\n{\n", "none of its 2 lines is a record"],
    ]
  ) {
    const file = await dir.write("a", text);
    await assertRejects(() => recordsOf(file), UsageError, message);
  }
});

Deno.test("readRecords() counts invalid lines, and continues", async () => {
  await using dir = await folder();
  const good = '{"url":"http://h/a","status":200,"attempts":1}\n';
  const bad = [
    good.slice(0, -9),
    '{"url":"http://h/a","status":200}',
    '{"url":"/a","status":200,"attempts":1}',
    '{"url":"ftp://h/a","status":200,"attempts":1}',
    '{"url":5,"status":200,"attempts":1}',
    '{"url":"http://h/a","status":2000,"attempts":1}',
    '{"url":"http://h/a","status":"200","attempts":1}',
    '{"url":"http://h/a","status":200,"attempts":-1}',
    "[]",
    "\0\x1b[2J\xff",
    '{"a":'.repeat(10_000),
  ];
  const file = await dir.write("a", good + bad.join("\n") + "\n\r\n" + good.replace("\n", "\r\n"));
  const { records, unreadable } = await recordsOf(file);
  assertEquals(records, [["/a", 200, 1], ["/a", 200, 1]]);
  assertEquals(unreadable, bad.length);
});

Deno.test("readRecords() counts a mismatch as a response, and other failures not", async () => {
  await using dir = await folder();
  const lines = [
    ["200", "null", 200],
    ["200", '"expect"', 200],
    ["200", '"body"', 0],
    ["null", '"reset"', 0],
    ["null", "null", 0],
  ] as const;
  const ndjson = lines.map(([status, error]) =>
    `{"error":${error},"attempts":1,"status":${status},"url":"http://h/"}\n`
  ).join("");
  const csv = "url,status,attempts,error\n" +
    lines.map(([status, error]) =>
      `http://h/,${status},1,${error}\n`.replaceAll("null", "").replaceAll('"', "")
    ).join("");
  for (const text of [ndjson, csv]) {
    const { records } = await recordsOf(await dir.write("a", text));
    assertEquals(records, lines.map(([, , status]) => ["/", status, 1]));
  }
});

Deno.test("readRecords() skips a quote that is never closed", async () => {
  await using dir = await folder();
  const file = await dir.write(
    "a.csv",
    'url,status,attempts,detail\nhttp://h/a,200,1,"open\n' + "x\n".repeat(MAX_LINE_BYTES / 2) +
      "http://h/b,200,1,\n",
  );
  const { records, unreadable } = await recordsOf(file);
  assertEquals(records, [["/b", 200, 1]]);
  assert(unreadable > 0);
});
