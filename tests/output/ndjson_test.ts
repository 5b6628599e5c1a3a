import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
import { createCsvFormatter } from "../../lib/output/csv.ts";
import { createFormatter } from "../../lib/output/ndjson.ts";
import { DEFAULT_FIELDS, FIELDS } from "../../lib/output/record.ts";
import { escapeForTerminal } from "../../lib/text/escape.ts";
import { FAILED, HOSTILE, OF_TERMINAL, RESULT, TARGET } from "../fixtures/hostile_result.ts";

/** Makes records as an output would. */
const ndjson = (fields?: readonly string[], captures: readonly string[] = []) =>
  createFormatter({ fields, captures });

Deno.test("createFormatter() gives the contract's record", () => {
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

Deno.test("createFormatter() gives one line for any response", () => {
  for (const format of [ndjson(), ndjson(DEFAULT_FIELDS)]) {
    const line = format({ ...FAILED, target: { ...TARGET, url: HOSTILE } });
    assertEquals(line.indexOf("\n"), line.length - 1);
    assertEquals(JSON.parse(line).url, HOSTILE.toWellFormed());
  }
});

Deno.test("createFormatter() replaces lone surrogates", () => {
  assert(!HOSTILE.isWellFormed());
  const result = { ...FAILED, target: { ...TARGET, url: HOSTILE }, captures: [HOSTILE] };
  for (const fields of [undefined, ["url", "detail", "c"]]) {
    const line = ndjson(fields, ["c"])(result);
    assert(!/\\u[dD][89a-fA-F]/.test(line), line);
    const { url, detail, c } = JSON.parse(line);
    assertEquals([url, detail, c], Array(3).fill(HOSTILE.toWellFormed()));
  }
});

Deno.test("createFormatter() writes \\uXXXX for what acts on a terminal, in every text", () => {
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

Deno.test("createFormatter() gives exactly the fields asked for, in that order", () => {
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
  const http2 = JSON.parse(ndjson(["engine", "http_version"])({ ...RESULT, version: "2" }));
  assertEquals(http2, { engine: "fetch", http_version: "2" });
  assertEquals([all.size, all.ttfb_ms, all.engine, all.method], [14, 1.5, "fetch", "GET"]);
});

Deno.test("createFormatter() gives the thread of each result that was requested", () => {
  const options = { fields: ["thread"], captures: [], isForTerminal: false };
  for (const [more, thread] of [[{}, 0], [{ thread: 2 }, 2]] as const) {
    assertEquals(createFormatter({ ...options, ...more })(RESULT), `{"thread":${thread}}\n`);
    assertEquals(createCsvFormatter({ ...options, ...more }).format(RESULT), `${thread}\n`);
  }
  const unsent = { ...RESULT, engine: null };
  assertEquals(createFormatter({ ...options, thread: 2 })(unsent), '{"thread":null}\n');
});

Deno.test("createFormatter() gives the time as Date.toISOString() does", () => {
  const format = ndjson(["at"]);
  for (
    const at of [0, 999, 1000, 1_700_000_000_123.7, 1_700_000_000_999.999, 1_700_000_001_000, 5]
  ) {
    assertEquals(JSON.parse(format({ ...RESULT, at })).at, new Date(at).toISOString());
  }
});

Deno.test("createFormatter() writes milliseconds with up to three decimals", () => {
  const one = ndjson(["ms"]);
  const usual = ndjson();
  let ms = 1e-5;
  for (const more of [0, 0.0004, 0.0005, 0.01, 0.1, 12, 999.9995, 2_147_483.6475, -0.25, 1e21]) {
    for (const value of [more, ms *= 7.3]) {
      const expected = `"ms":${Math.round(value * 1000) / 1000}`;
      for (const format of [one, usual]) {
        assertStringIncludes(format({ ...RESULT, ms: value }), expected);
      }
    }
  }
});

Deno.test("isFailure() is false for successes and invalid requests", () => {
  const line = createFailureFormatter({ method: "GET", headers: [], body: undefined });
  assert(line(FAILED) !== "");
  assertEquals(line(RESULT), "");
  assertEquals(line({ ...FAILED, target: { ...TARGET, invalid: "not a URL" } }), "");
});
