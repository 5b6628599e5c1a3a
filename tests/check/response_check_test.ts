import { assert, assertEquals } from "@std/assert";
import { MAX_INSPECTED_BYTES } from "../../lib/check/body_prefix.ts";
import { MAX_CAPTURE, parseCapture } from "../../lib/check/capture.ts";
import { Pattern } from "../../lib/check/pattern.ts";
import { ResponseCheck } from "../../lib/check/response_check.ts";
import { StatusSet } from "../../lib/check/status_set.ts";
import type { ResponseHead } from "../../lib/engine/engine.ts";
import type { Captured, Result } from "../../lib/result.ts";
import type { Expectation } from "../../lib/target.ts";
import { result } from "../fixtures/result.ts";
import { target } from "../fixtures/target.ts";

const encoder = new TextEncoder();

const headOf = (fields: Record<string, string>, status = 200): ResponseHead => ({
  status,
  coding: fields["content-encoding"] ?? null,
  field: (name) => fields[name] ?? null,
});

/** An answer, as a check is shown it. */
interface Answer extends Partial<Result> {
  fields?: Record<string, string>;
  body?: string | Uint8Array;
  /** Expectations of its own. */
  own?: Expectation;
}

/** What comes of an answer. */
function judge(
  expect: Expectation,
  { fields = {}, body = "", own, ...more }: Answer = {},
  captures: string[] = [],
): Result {
  const list = captures.map((text) => {
    const capture = parseCapture(text);
    if (typeof capture === "string") throw new Error(capture);
    return capture;
  });
  const check = new ResponseCheck({
    expect,
    captures: list,
    hasTargetExpectations: own !== undefined,
  });
  const of = target("http://host/", { expect: own });
  const sink = check.onHead?.(of, headOf(fields, more.status ?? 200));
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  if (bytes.length > 0) sink?.write(bytes);
  sink?.end();
  return check.apply(result({ target: of, ms: 10, ...more }));
}

const statuses = (text: string): Expectation => ({ statuses: StatusSet.parse(text) });

const header = (name: string, source: string): Expectation => ({
  headers: [{ name, pattern: new Pattern(source) }],
});

const body = (...sources: string[]): Expectation => ({
  bodies: sources.map((source) => new Pattern(source)),
});

for (
  const [what, expect, answer, expectation, detail] of [
    [
      "a status",
      statuses("200,204"),
      { status: 404 },
      "--expect-status 200,204",
      "status 404, expected 200,204",
    ],
    [
      "a header",
      header("content-type", "^application/json"),
      { fields: { "content-type": "text/html" } },
      "--expect-header content-type: ^application/json",
      "header content-type 'text/html', expected /^application\\/json/",
    ],
    [
      "a header that is missing",
      header("etag", "."),
      {},
      "--expect-header etag: .",
      "header etag is missing, expected /./",
    ],
    [
      "a secret",
      header("set-cookie", "^hunter1"),
      { fields: { "set-cookie": "hunter2" } },
      "--expect-header set-cookie",
      "header set-cookie does not match",
    ],
    [
      "a secret that is missing",
      header("x-auth-token", "^hunter1"),
      {},
      "--expect-header x-auth-token",
      "header x-auth-token is missing",
    ],
    [
      "a place with credentials",
      header("location", "^/ok"),
      { fields: { location: "http://me:hunter2@host/" } },
      "--expect-header location: ^/ok",
      "header location 'http://host/', expected /^\\/ok/",
    ],
    [
      "a place with a token",
      header("location", "^/ok"),
      { fields: { location: "http://host/?access_token=hunter2&a=1" } },
      "--expect-header location: ^/ok",
      "header location 'http://host/?access_token=…&a=1', expected /^\\/ok/",
    ],
    [
      "a body",
      body("^ok$"),
      { body: "<html>\n\x1b[2J" },
      "--expect-body ^ok$",
      "body does not match /^ok$/: begins '<html>\\x0a\\x1b[2J'",
    ],
    ["a body that is empty", body("ok"), {}, "--expect-body ok", "body is empty, expected /ok/"],
    [
      "the second of two",
      body("a", "b"),
      { body: "a" },
      "--expect-body b",
      "body does not match /b/: begins 'a'",
    ],
    [
      "a body that is encoded",
      body("ok"),
      { body: "ok", fields: { "content-encoding": "gzip" } },
      "--expect-body ok",
      "body is encoded as gzip, and not decoded: use --compressed, without --raw",
    ],
    [
      "a latency",
      { latencyMs: 500 },
      { ms: 812.3456 },
      "--expect-latency 500ms",
      "took 812.346 ms, expected at most 500 ms",
    ],
    [
      "a record's status",
      {},
      { own: statuses("2xx"), status: 503 },
      "expect.status",
      "status 503, expected 2xx",
    ],
    [
      "a record's header",
      {},
      { own: header("a", "1"), fields: { a: "2" } },
      "expect.headers",
      "header a '2', expected /1/",
    ],
    [
      "a record's body",
      {},
      { own: body("x"), body: "y" },
      "expect.body",
      "body does not match /x/: begins 'y'",
    ],
    [
      "a record's latency",
      {},
      { own: { latencyMs: 9.5 } },
      "expect.latency",
      "took 10 ms, expected at most 9.5 ms",
    ],
    [
      "a record's hash",
      {},
      { own: { sha256: "0".repeat(64) } },
      "expect.sha256",
      `sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, expected ${
        "0".repeat(64)
      }`,
    ],
  ] as [string, Expectation, Answer, string, string][]
) {
  Deno.test(`ResponseCheck.apply() fails a result that does not meet ${what}`, () => {
    const failed = judge(expect, answer);
    assertEquals([failed.error, failed.expectation, failed.detail], [
      "expect",
      expectation,
      detail,
    ]);
    assertEquals(failed.status, answer.status ?? 200, "its status did come");
  });
}

for (
  const [what, expect, answer] of [
    ["a status", statuses("2xx"), { status: 204 }],
    ["a header", header("a", "^b$"), { fields: { a: "b" } }],
    ["a body", body("^o", "k$"), { body: "\ufeffok" }],
    ["a latency, just so", { latencyMs: 10 }, { ms: 10 }],
    ["a status of the record's own", statuses("200"), { own: statuses("404"), status: 404 }],
    ["a header of the record's own", header("a", "b"), { own: header("c", ""), fields: { c: "" } }],
    ["a body of the record's own", body("a"), { own: body("b"), body: "b" }],
    ["a latency of the record's own", { latencyMs: 1 }, { own: { latencyMs: 10 } }],
    [
      "a hash, whatever the coding",
      {},
      {
        own: { sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" },
        body: "hello",
        fields: { "content-encoding": "gzip" },
      },
    ],
  ] as [string, Expectation, Answer][]
) {
  Deno.test(`ResponseCheck.apply() returns the same object when it meets ${what}`, () => {
    const { error, expectation, captures } = judge(expect, answer);
    assertEquals([error, expectation, captures], [undefined, undefined, undefined]);
  });
}

Deno.test("ResponseCheck.apply() gives the first mismatch of status, header, body, latency", () => {
  const all = { ...statuses("200"), ...header("a", "b"), ...body("c"), latencyMs: 5 };
  const kindOf = (answer: Answer): string | undefined => judge(all, answer).detail?.split(" ")[0];
  assertEquals(kindOf({ status: 500 }), "status");
  assertEquals(kindOf({}), "header");
  assertEquals(kindOf({ fields: { a: "b" } }), "body");
  assertEquals(kindOf({ fields: { a: "b" }, body: "c" }), "took");
  assertEquals(kindOf({ fields: { a: "b" }, body: "c", ms: 5 }), undefined);
});

Deno.test("ResponseCheck.apply() leaves a failed result alone, and drops its pending outcome", () => {
  const check = new ResponseCheck({
    expect: header("a", "b"),
    captures: [],
    hasTargetExpectations: false,
  });
  const of = target("http://host/");
  check.onHead!(of, headOf({}));
  const failed = result({ target: of, status: null, error: "body", detail: "cut short" });
  assertEquals(check.apply(failed), failed);
  check.onHead!(of, headOf({ a: "b" }));
  assertEquals(check.apply(result({ target: of })).error, undefined);
});

Deno.test("ResponseCheck.apply() bounds each detail", () => {
  const long = "\x1b".repeat(100_000);
  const many = Array.from({ length: 900 }, (_, k) => 100 + k).filter((it) => it !== 200).join(",");
  for (
    const [expect, answer] of [
      [statuses(many), {}],
      [header("a".repeat(1_000), `^${"b".repeat(1_000)}$`), {
        fields: { ["a".repeat(1_000)]: long },
      }],
      [body(`^${"b".repeat(1_000)}$`), { body: long }],
      [body("b"), { body: "ok", fields: { "content-encoding": long } }],
    ] as [Expectation, Answer][]
  ) {
    const { error, detail, expectation } = judge(expect, answer);
    assertEquals(error, "expect");
    for (const text of [detail!, expectation!]) {
      assert(text.length <= 200 && !text.includes("\x1b"), text);
    }
  }
});

Deno.test("ResponseCheck has no hooks when results suffice", () => {
  for (const expect of [{}, statuses("200"), { latencyMs: 5 }]) {
    assertEquals(
      new ResponseCheck({ expect, captures: [], hasTargetExpectations: false }).onHead,
      undefined,
    );
  }
  const ofRecords = new ResponseCheck({ expect: {}, captures: [], hasTargetExpectations: true });
  assertEquals(ofRecords.onHead!(target("http://host/"), headOf({})), undefined, "no body");
});

const captured = (
  text: string,
  answer: Answer,
): Captured | undefined => judge({}, answer, [text]).captures?.[0];

for (
  const [text, answer, value] of [
    ["a=header:ETag", { fields: { etag: '"x"' } }, '"x"'],
    ["a=header:ETag", {}, null],
    ["a=header:ETag", { fields: { etag: "" } }, ""],
    ["a=header:Set-Cookie", { fields: { "set-cookie": "a=1" } }, "a=1"],
    ["a=regex:id=(\\d+)", { body: "x id=17 id=18" }, "17"],
    ["a=regex:id=\\d+", { body: "x id=17" }, "id=17"],
    ["a=regex:(x)?y", { body: "y" }, null],
    ["a=regex:z", { body: "y" }, null],
    ["a=regex:^$", {}, ""],
    ["a=regex:.+", { body: "ok", fields: { "content-encoding": "br" } }, null],
    ["a=json:", { body: "[1]" }, "[1]"],
    ["a=json:/a/b", { body: '{"a":{"b":"c"}}' }, "c"],
    ["a=json:/a", { body: '{"a":5}' }, 5],
    ["a=json:/a", { body: '{"a":false}' }, false],
    ["a=json:/a", { body: '{"a":null}' }, null],
    ["a=json:/a", { body: '{"a":{"b":[1]}}' }, '{"b":[1]}'],
    ["a=json:/a", { body: '{"a":12345678901234567890}' }, "12345678901234567890"],
    ["a=json:/0", { body: '["x"]' }, "x"],
    ["a=json:/00", { body: '["x"]' }, null],
    ["a=json:/length", { body: '["x"]' }, null],
    ["a=json:/constructor", { body: "{}" }, null],
    ["a=json:/__proto__", { body: '{"__proto__":1}' }, 1],
    ["a=json:/", { body: '{"":7}' }, 7],
    ["a=json:/a~1b~0c~01", { body: '{"a/b~c~1":8}' }, 8],
    ["a=json:/a/b", { body: '{"a":"b"}' }, null],
    ["a=json:/a", { body: "no json" }, null],
    ["a=json:/a", { body: '\ufeff{"a":1}' }, 1],
    ["a=json:", { body: "[".repeat(500_000) }, null],
    ["a=json:/a", { body: `{"a":1,"b":"${"x".repeat(MAX_INSPECTED_BYTES)}"}` }, null],
    ["a=regex:\\ud800", { body: "\ud800" }, null],
  ] as [string, Answer, Captured][]
) {
  const shown = `${typeof answer.body === "string" ? answer.body.slice(0, 30) : ""}`;
  Deno.test(`ResponseCheck captures ${value} with '${text}' from ${JSON.stringify(answer.fields ?? shown)}`, () => {
    assertEquals(captured(text, answer), value);
  });
}

Deno.test("ResponseCheck cuts captures, and splits no surrogate pair", () => {
  const deep = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
  assertEquals((captured("a=json:", { body: deep }) as string).length, MAX_CAPTURE);
  for (const text of ["a=regex:.*", "a=json:", "a=header:x"]) {
    const long = "é\u{1f600}".repeat(1_000);
    const body = text === "a=json:" ? JSON.stringify(long) : long;
    const value = captured(text, { body, fields: { x: long } }) as string;
    assertEquals(value.length, MAX_CAPTURE);
    assert(value.endsWith("…") && value.isWellFormed(), text);
  }
});

Deno.test("ResponseCheck captures from a response that is not as expected", () => {
  const { error, captures } = judge(
    { ...statuses("200"), ...header("etag", "y"), ...body("z") },
    { status: 404, fields: { etag: "x" }, body: '{"a":1}' },
    ["e=header:etag", "a=json:/a", "r=regex:a"],
  );
  assertEquals([error, captures], ["expect", ["x", 1, "a"]]);
});
