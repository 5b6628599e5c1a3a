import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { CombinedLog } from "../../../lib/commands/verify/combined_log.ts";
import { findLogFormat } from "../../../lib/commands/verify/log_formats.ts";
import { ServerLog } from "../../../lib/commands/verify/log_reader.ts";
import { readRecords } from "../../../lib/commands/verify/record_reader.ts";
import { RequestPath } from "../../../lib/commands/verify/request_path.ts";
import { UsageError } from "../../../lib/errors.ts";
import { createCsvFormatter } from "../../../lib/output/csv.ts";
import { createNdjsonFormatter } from "../../../lib/output/ndjson.ts";
import { type FieldName, FIELDS } from "../../../lib/output/record.ts";
import type { Result } from "../../../lib/result.ts";
import { MAX_LINE_BYTES, readLines } from "../../../lib/scan/byte_lines.ts";
import { FlatJson } from "../../../lib/scan/flat_json.ts";
import {
  ABSENT,
  DECIMAL,
  ESCAPED,
  INTEGER,
  integerAt,
  NULL,
  numberAt,
  numberKind,
  OTHER,
  PLAIN,
  type Scanner,
} from "../../../lib/scan/scanner.ts";
import { Input } from "../../../lib/source/input.ts";
import { folder } from "../../fixtures/folder.ts";
import { generator, textOf, valueOf } from "../../fixtures/random_json.ts";
import { result } from "../../fixtures/result.ts";

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** What a scanner says of a field, as `JSON.parse` would have it; `{}` for what is neither. */
function valueAt(scanner: Scanner, field: number): unknown {
  const kind = scanner.kinds[field];
  if (kind === ABSENT) return undefined;
  if (kind === NULL) return null;
  if (kind === INTEGER) return integerAt(scanner, field);
  if (kind === DECIMAL) return numberAt(scanner, field);
  if (kind === PLAIN || kind === ESCAPED) return scanner.text(field);
  return {};
}

const isKept = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === "string" ||
  (typeof value === "number" && value >= 0 && value < 2 ** 53);

/** What `JSON.parse` says; undefined if it is no object. */
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

Deno.test("FlatJson.scan() finds the same fields as JSON.parse()", () => {
  const random = generator(7);
  const names = ["url", "a", "é", "status"];
  const scanner = new FlatJson(names);
  for (let round = 0; round < 20_000; round++) {
    const object: Record<string, unknown> = {};
    for (let k = random(6); k > 0; k--) {
      const name = [...names, "b", "ur", "urls", textOf(random)][random(8)];
      object[name] = [
        () => valueOf(random),
        () => random(1e9),
        () => textOf(random),
        () => null,
        () => [true, false, -1, 1e20, 0.5, 1e15, 2 ** 53 - 1, 2 ** 53][random(8)],
        () => random(1e9) / 10 ** random(8),
      ][random(6)]();
    }
    const space = random(4) === 0 ? 1 : undefined;
    const line = JSON.stringify(object, undefined, space).replaceAll("\n", " ");
    // Not at the start of its block, and not at its end.
    const block = bytes(`"x${line}"}{`);
    assert(scanner.scan(block, 2, block.length - 3), line);
    for (const [field, name] of names.entries()) {
      const value = valueAt(scanner, field);
      const expected = Object.hasOwn(object, name) ? object[name] : undefined;
      if (isKept(expected) && !Number.isInteger(expected) && typeof expected === "number") {
        assertAlmostEquals(value as number, expected, 1e-6 + expected * 1e-14, line);
      } else if (isKept(expected)) assertEquals(value, expected, line);
      else assert(scanner.kinds[field] === PLAIN && value === "true", line);
    }
  }
});

Deno.test("numberKind() recognizes JSON's integers to 2^53 - 1, and decimals of at most 15 digits", () => {
  for (
    const [text, kind] of [
      ["0", INTEGER],
      ["17", INTEGER],
      ["999999999999999", INTEGER],
      ["9007199254740991", INTEGER],
      ["0.5", DECIMAL],
      ["12.345", DECIMAL],
      ["0.00000000000001", DECIMAL],
      ...["", ".", "1.", ".5", "01", "00.5", "1.2.3", "-1", "1e3", "9007199254740992", "x"]
        .map((text) => [text, OTHER] as const),
    ] as const
  ) {
    assertEquals(numberKind(bytes(text), 0, text.length), kind, text);
  }
});

Deno.test("FlatJson.scan() rejects what JSON.parse() rejects, except in skipped values", () => {
  const random = generator(11);
  const scanner = new FlatJson(["i", "url", "status", "attempts"]);
  const line = '{"i":17,"url":"http://h/\\u00e9/17","status":200,"attempts":1}';
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const broken = bytes(line);
    for (let k = random(3); k >= 0; k--) broken[random(broken.length)] = random(128);
    const text = new TextDecoder().decode(broken);
    const value = parsed(text);
    const isRead = scanner.scan(broken, 0, broken.length);
    if (value === undefined) {
      // A wrong escape within the one text is found where its text is asked for.
      if (isRead) {
        const hasText = scanner.kinds[1] === ESCAPED && scanner.text(1) === "";
        assert(hasText || /"[^"]*"\s*:\s*[^"]/.test(text), text);
      } else refused++;
      continue;
    }
    assert(isRead, text);
    for (const [field, name] of ["i", "url", "status", "attempts"].entries()) {
      if (isKept(value[name])) assertEquals(valueAt(scanner, field), value[name], text);
    }
  }
  assert(refused > 5_000, `${refused}`);
});

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
      "a.ndjson": results.map(createNdjsonFormatter({ ...options, fields })).join(""),
      "b.ndjson": results.map(createNdjsonFormatter(options)).join(""),
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

Deno.test("readLines() gives the same lines for any blocks", async () => {
  const text = '\ufeffone\r\n\ntwo\nthree\r\nfour "é"\n\r\nfive';
  const whole = bytes(text);
  for (let size = 1; size <= whole.length; size++) {
    const lines: string[] = [];
    let at = 0;
    let isClosed = false;
    await readLines(
      {
        read: () => {
          const block = whole.slice(at, at += size);
          return Promise.resolve(block.length === 0 ? undefined : block);
        },
        close: () => isClosed = true,
      },
      (bytes, from, to) => lines.push(new TextDecoder().decode(bytes.subarray(from, to))),
      () => lines.push("too long"),
    );
    // The mark is cut off from its line where blocks are that small: it is dropped all the same.
    assertEquals(lines, ["one", "two", "three", 'four "é"', "five"], `${size}`);
    assert(isClosed);
  }
});

Deno.test("readLines() skips a line that is too long without holding it", async () => {
  const lines: string[] = [];
  let blocks = 0;
  const long = new Uint8Array(64 * 1024).fill(0x61);
  await readLines(
    {
      read: () => {
        blocks++;
        if (blocks === 1) return Promise.resolve(bytes("first\nx"));
        if (blocks < 1_000) return Promise.resolve(long);
        return Promise.resolve(blocks === 1_000 ? bytes("\nlast\n") : undefined);
      },
      close: () => {},
    },
    (bytes, from, to) => lines.push(new TextDecoder().decode(bytes.subarray(from, to))),
    () => lines.push("too long"),
  );
  assertEquals(lines, ["first", "too long", "last"]);
});

/** Path and status of a line; undefined if it is none. */
function combined(line: string): [string, number] | undefined {
  const log = new CombinedLog();
  const path = new RequestPath();
  const block = bytes(line);
  if (!log.scan(block, 0, block.length) || !path.readPath(log, 0)) return undefined;
  return [`${path}`, integerAt(log, 1)];
}

for (
  const [what, line, expected] of [
    [
      "the combined format",
      '127.0.0.1 - - [23/Nov/2026:05:06:32 +0000] "GET /a?b=c HTTP/1.1" 200 13 "-" "agent"',
      ["/a?b=c", 200],
    ],
    ["the common format", '::1 - ann [x] "POST /a HTTP/2.0" 404 -', ["/a", 404]],
    ["a virtual host before it", 'h:80 1.2.3.4 - - [x] "GET / HTTP/1.1" 200 1', ["/", 200]],
    ["nothing behind the status", '- "GET /a HTTP/1.1" 200', ["/a", 200]],
    ["HTTP/0.9", '- - - [x] "GET /a" 200 1', ["/a", 200]],
    ["the absolute form", '- "GET http://h:1/a?b HTTP/1.1" 200 1', ["/a?b", 200]],
    [
      "an escaped quote",
      String.raw`- "GET /a\x22b HTTP/1.1" 200 1 "-" "\x22 200 "`,
      ["/a%22b", 200],
    ],
    ["Apache's escaped quote", String.raw`- "GET /a\"b HTTP/1.1" 200 1`, ["/a%22b", 200]],
    ["escaped bytes of UTF-8", String.raw`- "GET /\xC3\xA9 HTTP/1.1" 200 1`, ["/%C3%A9", 200]],
    ["an escaped backslash", String.raw`- "GET /a?\\x22 HTTP/1.1" 200 1`, ["/a?\\x22", 200]],
    ["a space in the path", '- "GET /a b HTTP/1.1" 200 1', ["/a%20b", 200]],
    ["a TLS hello", String.raw`- "\x16\x03\x01" 400 150 "-" "-"`, undefined],
    ["no request", '- - - [x] "-" 408 0', undefined],
    ["an empty request", '- "" 400 0', undefined],
    ["OPTIONS *", '- "OPTIONS * HTTP/1.1" 200 0', undefined],
    ["CONNECT", '- "CONNECT h:443 HTTP/1.1" 200 0', undefined],
    ["no status", '- "GET /a HTTP/1.1" - 0', undefined],
    ["a status of 4 digits", '- "GET /a HTTP/1.1" 2000 0', undefined],
    ["a quote that is not closed", '- "GET /a HTTP/1.1 200 0', undefined],
    ["a backslash at the end", '- "GET /a HTTP/1.1\\', undefined],
    ["nothing", "-", undefined],
  ] as const
) {
  Deno.test(`CombinedLog.scan() reads ${what}`, () => {
    assertEquals(combined(line), expected as [string, number] | undefined);
  });
}

Deno.test("RequestPath is the same for a URL and for the path sent", () => {
  const random = generator(23);
  const scanner = new FlatJson(["url", "path"]);
  const ofUrl = new RequestPath();
  const ofPath = new RequestPath();
  const pieces = [
    "/",
    "a",
    ".",
    "..",
    "%2e",
    "%2E",
    "?",
    "%",
    "%20",
    " ",
    "'",
    '"',
    "|",
    "é",
  ];
  pieces.push("&", "=", "[", "]", "^", "`", "{", "}", "<", "\\", "//", "1", "~", ";", "@", ":");
  for (let round = 0; round < 20_000; round++) {
    const path = `/${
      Array.from({ length: random(8) }, () => pieces[random(pieces.length)]).join("")
    }`;
    const url = `http://${["h", "h:80", "[::1]:8080", "127.0.0.1"][random(4)]}${path}${
      random(9) === 0 ? "#x" : ""
    }`;
    const { pathname, search } = new URL(url);
    const block = bytes(JSON.stringify({ url, path }));
    assert(scanner.scan(block, 0, block.length));
    assert(ofUrl.readUrl(scanner, 0), url);
    assertEquals(`${ofUrl}`, pathname + search, url);
    assert(ofPath.readPath(scanner, 1), path);
    // What went over the wire is all of the path: `URL` drops a space at the end, and takes a
    // backslash for a slash.
    const wire = path.replaceAll(" ", "%20").replace(/^[^?]*/, (it) => it.replaceAll("\\", "%5C"));
    const bare = new URL(`http://h${wire}`);
    assertEquals(`${ofPath}`, bare.pathname + bare.search, path);
  }
  for (const url of ["http://h", "http://h?a", "http://h#/a"]) {
    const block = bytes(JSON.stringify({ url }));
    scanner.scan(block, 0, block.length);
    assert(ofUrl.readUrl(scanner, 0));
    assertEquals(`${ofUrl}`, new URL(url).pathname + new URL(url).search);
  }
});

Deno.test("ServerLog.read() counts hostile lines as unreadable, and reads the others", async () => {
  await using dir = await folder();
  const random = generator(5);
  const noise = (length: number): string =>
    Array.from({ length }, () => String.fromCharCode(random(128))).join("").replaceAll("\n", " ");
  const good = ['{"path":"/a","status":200}', '- "GET /a HTTP/1.1" 200 1'];
  const text = Array.from({ length: 300 }, (_, k) => `${good[k % 2]}\n${noise(random(200))}\n`);
  text.push("x".repeat(10 * 1024 * 1024), "\n", `{"path":"${"/".repeat(1024 * 1024)}"\n`, good[0]);
  const file = await dir.write("a.log", text.join(""));
  let requests = 0;
  const log = await ServerLog.open(file, file);
  const unreadable = await log.read((path) => requests += `${path}` === "/a" ? 1 : 0);
  assertEquals(requests, 301);
  assert(unreadable >= 290, `${unreadable}`);
});

Deno.test("ServerLog.read() reads only the format asked for", async () => {
  await using dir = await folder();
  const file = await dir.write("a.log", '{"path":"/a","status":200}\n- "GET /b HTTP/1.1" 200 1\n');
  for (const [format, expected] of [["ndjson", "/a"], ["combined", "/b"]] as const) {
    const paths: string[] = [];
    const log = await ServerLog.open(file, file, findLogFormat(format));
    const unreadable = await log.read((path) => paths.push(`${path}`));
    assertEquals([paths, unreadable], [[expected], 1]);
  }
});
