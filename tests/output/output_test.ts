import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parse } from "@std/csv/parse";
import { gunzipSync } from "node:zlib";
import { ClosedPipe, OutputError, UsageError } from "../../lib/errors.ts";
import { createCsvFormatter } from "../../lib/output/csv.ts";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
import { type LineFile, LineWriter, openLineWriter } from "../../lib/output/line_writer.ts";
import { createNdjsonFormatter } from "../../lib/output/ndjson.ts";
import { DEFAULT_FIELDS, FIELDS } from "../../lib/output/record.ts";
import type { Result } from "../../lib/result.ts";
import { escapeForTerminal } from "../../lib/text/escape.ts";
import { folder } from "../fixtures/folder.ts";
import { target } from "../fixtures/target.ts";
import { turn } from "../fixtures/turn.ts";

const TARGET = target("http://localhost/17", { i: 17 });
const RESULT: Result = {
  target: TARGET,
  origin: undefined,
  status: 200,
  bytes: 13,
  size: 14,
  at: Date.UTC(2026, 0, 1, 0, 0, 0, 7) + 0.9,
  ms: 12.3454,
  ttfbMs: 1.5,
  attempts: 1,
  location: null,
  via: { remote: "[::1]:80", connectMs: 1.23456, tlsMs: null },
  isReused: false,
  engine: "fetch",
  retryAfter: null,
  isPermanent: false,
  bodyFile: null,
  captures: undefined,
  expectation: undefined,
  error: undefined,
  detail: undefined,
  scope: undefined,
  isUnreachable: false,
};
const HOSTILE = 'a"b\\c\r\n\0\x1b[31m,\u2028\ud800é世';
const FAILED: Result = { ...RESULT, status: null, error: "timeout", detail: HOSTILE };

/** Makes records as an output would. */
const ndjson = (fields?: readonly string[], captures: readonly string[] = []) =>
  createNdjsonFormatter({ fields, captures });
const csv = (
  fields?: readonly string[],
  captures: readonly string[] = [],
  { isForTerminal = false } = {},
) => createCsvFormatter({ fields, captures, isForTerminal });

/** A file by hand: each write waits until the test lets it through. */
class SlowFile implements LineFile {
  readonly writes: {
    block: Uint8Array;
    done: (length: number) => void;
    fail: (e: Error) => void;
  }[] = [];
  closed = 0;
  truncated: number[] = [];
  write(block: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.writes.push({ block, done: resolve, fail: reject });
    return promise;
  }
  truncate(length: number): Promise<void> {
    this.truncated.push(length);
    return Promise.resolve();
  }
  close(): void {
    this.closed++;
  }
}

const LINE = "x".repeat(1023) + "\n";

Deno.test("LineWriter writes one large block at a time, and waits when two are full", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output x");
  let lines = 0;
  let full: unknown;
  while (full === undefined && lines < 1000) {
    full = blocks.write(LINE);
    lines++;
  }
  assertEquals(lines, 128);
  assertEquals(file.writes.length, 1);
  assertEquals(file.writes[0].block.length, 64 * 1024);
  let waited = false;
  const wait = (full as Promise<void>).then(() => waited = true);
  await turn();
  assert(!waited);
  // A write may take less than it was given.
  file.writes[0].done(1000);
  await turn();
  assertEquals(file.writes[1].block.length, 64 * 1024 - 1000);
  file.writes[1].done(64 * 1024 - 1000);
  await wait;
  assertEquals(file.writes.length, 3);
  file.writes[2].done(64 * 1024);
  await blocks.close();
  assertEquals([file.writes.length, file.closed], [3, 1]);
});

Deno.test("LineWriter writes a waiting line after a moment", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output x");
  blocks.write("one\n");
  while (file.writes.length === 0) await turn();
  file.writes[0].done(4);
  await blocks.close();
});

Deno.test("LineWriter keeps whole lines when the disk is full", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output x");
  blocks.write("one\n");
  blocks.write("two\n".repeat(20_000));
  file.writes[0].done(10);
  await turn();
  file.writes[1].fail(new Error("No space left on device (os error 28)"));
  await turn();
  assertEquals(file.truncated, [8]);
  const thrown = assertThrows(() => blocks.write("three\n"), OutputError);
  assertEquals(thrown.message, "Cannot write '--output x': no space left on device: free some");
  await assertRejects(() => blocks.close(), OutputError);
  assertEquals([file.writes.length, file.closed], [2, 1]);
});

Deno.test("LineWriter tells a closed pipe from a failure", async () => {
  const file = new SlowFile();
  const blocks = new LineWriter(file, "--output -");
  blocks.write(LINE.repeat(64));
  const full = blocks.write(LINE.repeat(64));
  file.writes[0].fail(new Deno.errors.BrokenPipe("Broken pipe (os error 32)"));
  await assertRejects(() => full as Promise<void>, ClosedPipe);
  await assertRejects(() => blocks.close(), ClosedPipe);
  assertEquals(file.truncated, []);
});

Deno.test("openLineWriter() writes gzip in members of whole lines", async () => {
  await using dir = await folder();
  const path = dir.path("out.ndjson.gz");
  const blocks = await openLineWriter(path, { flag: "--output", gzip: true });
  let expected = "";
  for (let i = 0; i < 50_000; i++) {
    const line = `{"i":${i},"url":"http://localhost/${i}"}\n`;
    expected += line;
    await blocks.write(line);
  }
  await blocks.close();
  const packed = await Deno.readFile(path);
  assertEquals(new TextDecoder().decode(gunzipSync(packed)), expected);
  assert(packed.length < expected.length / 4);
});

Deno.test("openLineWriter() throws UsageError when the file cannot be written", async () => {
  await using dir = await folder();
  for (
    const [path, why] of [
      [dir.path(), "it is a folder"],
      [dir.path("none/out.ndjson"), "no such folder"],
    ]
  ) {
    const error = await assertRejects(() => openLineWriter(path, { flag: "--output" }), UsageError);
    assertStringIncludes(error.message, `Cannot write '--output ${path}': ${why}`);
  }
});

Deno.test({
  name: "openLineWriter() throws UsageError when the permission is missing",
  permissions: { write: false },
  fn: async () => {
    const error = await assertRejects(() => openLineWriter("x", { flag: "--output" }), UsageError);
    assertStringIncludes(error.message, "--allow-write=x");
  },
});

Deno.test("createNdjsonFormatter() gives the contract's record", () => {
  assertEquals(
    ndjson()(RESULT),
    '{"i":17,"url":"http://localhost/17","status":200,"ms":12.345,"bytes":13,"attempts":1,"at":"2026-01-01T00:00:00.007Z"}\n',
  );
  assertEquals(JSON.parse(ndjson()(FAILED)), {
    i: 17,
    url: "http://localhost/17",
    status: null,
    ms: 12.345,
    bytes: 13,
    attempts: 1,
    at: "2026-01-01T00:00:00.007Z",
    error: "timeout",
    detail: HOSTILE.toWellFormed(),
  });
});

Deno.test("createNdjsonFormatter() gives one line for any response", () => {
  for (const format of [ndjson(), ndjson(DEFAULT_FIELDS)]) {
    const line = format({ ...FAILED, target: { ...TARGET, url: HOSTILE } });
    assertEquals(line.indexOf("\n"), line.length - 1);
    assertEquals(JSON.parse(line).url, HOSTILE.toWellFormed());
  }
});

Deno.test("createNdjsonFormatter() replaces lone surrogates", () => {
  assert(!HOSTILE.isWellFormed());
  const result = { ...FAILED, target: { ...TARGET, url: HOSTILE }, captures: [HOSTILE] };
  for (const fields of [undefined, ["url", "detail", "c"]]) {
    const line = ndjson(fields, ["c"])(result);
    assert(!/\\u[dD][89a-fA-F]/.test(line), line);
    const { url, detail, c } = JSON.parse(line);
    assertEquals([url, detail, c], Array(3).fill(HOSTILE.toWellFormed()));
  }
});

/** What acts on a terminal, or turns text round there, and `JSON.stringify` leaves as it is. */
const OF_TERMINAL =
  "\x7f\x80\x9b2J\x9f\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff";

Deno.test("createNdjsonFormatter() writes \\uXXXX for what acts on a terminal, in every text", () => {
  const url = `http://h/${OF_TERMINAL}ü😀`;
  const result = {
    ...FAILED,
    detail: OF_TERMINAL,
    location: url,
    captures: [OF_TERMINAL],
    target: { ...TARGET, url, method: OF_TERMINAL },
  };
  for (const fields of [undefined, [...Object.keys(FIELDS), "c"]]) {
    const line = ndjson(fields, ["c"])(result);
    assertEquals(escapeForTerminal(line.slice(0, -1)), line.slice(0, -1));
    assertStringIncludes(line, "\\u009b2J\\u009f\\u061c");
    assertStringIncludes(line, "ü😀");
    const read = JSON.parse(line);
    assertEquals([read.url, read.detail, read.c], [url, OF_TERMINAL, OF_TERMINAL]);
    if (fields !== undefined) assertEquals([read.location, read.method], [url, OF_TERMINAL]);
  }
});

Deno.test("createCsvFormatter() keeps texts unchanged in a file, and escapes them for a terminal", () => {
  const result = { ...RESULT, location: `/a,"${OF_TERMINAL}\n`, captures: ["=1\x1b[2J"] };
  const [inFile, onTerminal] = [false, true].map((isForTerminal) =>
    csv(["location", "c"], ["c"], { isForTerminal }).format(result)
  );
  assertEquals(inFile, `"/a,""${OF_TERMINAL}\n",'=1\x1b[2J\n`);
  assertEquals(onTerminal, `"/a,""${escapeForTerminal(OF_TERMINAL)}\\x0a",'=1\\x1b[2J\n`);
});

Deno.test("createFailureFormatter() escapes lines for a terminal", () => {
  const format = createFailureFormatter({ method: "GET", headers: [], body: undefined });
  const url = `http://h/${OF_TERMINAL}`;
  const line = format({ ...FAILED, target: { ...TARGET, url } });
  assertEquals(escapeForTerminal(line.slice(0, -1)), line.slice(0, -1));
  assertEquals(JSON.parse(line).url, url);
});

Deno.test("createNdjsonFormatter() gives exactly the fields asked for, in that order", () => {
  assertEquals(ndjson(["status", "error", "i"])(RESULT), '{"status":200,"error":null,"i":17}\n');
  const all = JSON.parse(ndjson(Object.keys(FIELDS) as (keyof typeof FIELDS)[])(RESULT));
  assertEquals(Object.keys(all), Object.keys(FIELDS));
  assertEquals([all.remote, all.connect_ms, all.tls_ms, all.reused], [
    "[::1]:80",
    1.235,
    null,
    false,
  ]);
  const again = JSON.parse(ndjson(["connect_ms", "reused"])({ ...RESULT, isReused: true }));
  assertEquals(again, { connect_ms: null, reused: true });
  assertEquals(JSON.parse(ndjson(["reused"])({ ...RESULT, via: null })), { reused: null });
  assertEquals([all.size, all.ttfb_ms, all.engine, all.method], [14, 1.5, "fetch", "GET"]);
});

Deno.test("createNdjsonFormatter() gives the time as Date.toISOString() does", () => {
  const format = ndjson(["at"]);
  for (
    const at of [0, 999, 1000, 1_700_000_000_123.7, 1_700_000_000_999.999, 1_700_000_001_000, 5]
  ) {
    assertEquals(JSON.parse(format({ ...RESULT, at })).at, new Date(at).toISOString());
  }
});

Deno.test("createCsvFormatter() gives lines that a CSV reader reads back", () => {
  const { header, format } = csv();
  const text = header + format(RESULT) + format({ ...FAILED, detail: 'a "b",\r\nc' });
  const [first, second] = parse(text, { skipFirstRow: true }) as Record<string, string>[];
  assertEquals(Object.keys(first), [...DEFAULT_FIELDS]);
  assertEquals([first.i, first.status, first.error, first.detail], ["17", "200", "", ""]);
  assertEquals([second.status, second.error, second.detail], ["", "timeout", 'a "b",\nc']);
});

Deno.test("createCsvFormatter() defuses formulas", () => {
  const { format } = csv(["location"]);
  for (const start of ["=", "+", "-", "@", "\t", "\r"]) {
    const location = `${start}HYPERLINK("http://evil")`;
    assert(/^"?'/.test(format({ ...RESULT, location })), location);
  }
  assertEquals(format({ ...RESULT, location: "/next" }), "/next\n");
});

Deno.test("createFailureFormatter() gives the request's own fields without credentials", () => {
  const shared = ["User-Agent", "myriad"] as const;
  const run = { method: "GET", headers: [shared], body: undefined };
  const line = createFailureFormatter(run);
  assertEquals(
    line({ ...FAILED, target: { ...TARGET, headers: run.headers } }),
    '{"url":"http://localhost/17"}\n',
  );
  assertEquals(
    JSON.parse(line({
      ...FAILED,
      target: {
        ...TARGET,
        method: "POST",
        body: new TextEncoder().encode("ä"),
        headers: [shared, ["X-A", "1"], ["X-A", "2"], ["X-B", "3"], ["Authorization", "secret"], [
          "__proto__",
          "4",
        ]],
      },
    })),
    JSON.parse(
      '{"url":"http://localhost/17","method":"POST","headers":{"X-A":["1","2"],"X-B":"3","__proto__":"4"},"body":"ä"}',
    ),
  );
});

Deno.test("createFailureFormatter() gives all fields of a name that the request sets", () => {
  const shared = [["X-A", "run"], ["x-a", "{}"], ["X-B", "run"]] as const;
  const line = createFailureFormatter({ method: "GET", headers: shared, body: undefined });
  const headers = [shared[0], ["x-a", "7"], shared[2]] as const;
  assertEquals(JSON.parse(line({ ...FAILED, target: { ...TARGET, headers } })).headers, {
    "X-A": "run",
    "x-a": "7",
  });
});

Deno.test("isFailure() is false for successes and invalid requests", () => {
  const line = createFailureFormatter({ method: "GET", headers: [], body: undefined });
  assert(line(FAILED) !== "");
  assertEquals(line(RESULT), "");
  assertEquals(line({ ...FAILED, target: { ...TARGET, invalid: "not a URL" } }), "");
});

Deno.test("openLineWriter() empties the file first", async () => {
  await using dir = await folder();
  const path = await dir.write("file", "longer than what comes\n");
  const blocks = await openLineWriter(path, { flag: "--summary" });
  await blocks.write("short\n");
  await blocks.close();
  assertEquals(await Deno.readTextFile(path), "short\n");
});
