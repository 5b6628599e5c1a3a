import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { BodyPrefix, MAX_INSPECTED_BYTES } from "../../lib/check/body_prefix.ts";
import { MAX_CAPTURE, parseBody, parseCapture } from "../../lib/check/capture.ts";
import { computeSafeLength, Pattern, Patterns } from "../../lib/check/pattern.ts";
import { RecordExpectations, toRecord } from "../../lib/check/record_expectations.ts";
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
  const [text, has, hasNot] of [
    ["200", [200], [201, 100, 999]],
    ["200,204", [200, 204], [201, 203]],
    ["3xx", [300, 304, 399], [200, 299, 400]],
    [" 200 , 9XX ", [200, 900, 999], [899]],
  ] as [string, number[], number[]][]
) {
  Deno.test(`StatusSet.parse() has exactly the statuses of '${text}'`, () => {
    const list = StatusSet.parse(text)!;
    assert(has.every((status) => list.has(status)));
    assert(!hasNot.some((status) => list.has(status)));
  });
}

for (const text of ["", "20", "2000", "2x", "xxx", "200,", "200 204", "0xx", "-200", "!404"]) {
  Deno.test(`StatusSet.parse() rejects '${text}'`, () => {
    assertEquals(StatusSet.parse(text), undefined);
  });
}

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
      "body is encoded as gzip, which is not decoded here: omit Accept-Encoding, or use --engine fetch",
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

for (
  const text of [
    ...["", "a", "=header:x", "a=header", "a=header:", "a=header:a b", "1a=header:x", "a b=json:"],
    ...["a=cookie:x", "a=json:a", "a=json:/~2", "a=json:/~", "a=regex:(", "a=regex:\\u{110000}"],
    `${"a".repeat(65)}=json:`,
  ]
) {
  Deno.test(`parseCapture() returns a message for '${text}'`, () => {
    assertMatch(parseCapture(text) as string, /^(use|name) |: use a /);
  });
}

Deno.test("parseBody() gives undefined when the text is not JSON", () => {
  assertEquals([parseBody("{"), parseBody(""), parseBody("1")], [undefined, undefined, 1]);
});

for (
  const [source, length] of [
    ["ok", 1_000],
    ["^[a-z*+]+$", 31],
    ["\\*\\+\\(\\)", 1_000],
    ["a|b", 500],
    ["ab?c", 500],
    ["a.*b", 31],
    ["a.*b.*c", 10],
    ["a{2,}", 31],
    ["(?:a|b)", 500],
    ["(?<name>x)", 1_000],
    ["(a)\\1", 31],
    ["(a+)+", 0],
    ["(a|a)*", 0],
    ["(?:a){2,}", 0],
  ] as [string, number][]
) {
  Deno.test(`computeSafeLength() is ${length} characters for '${source}'`, () => {
    assertEquals(computeSafeLength(source, 1_000), length);
  });
}

for (
  const [source, text] of [
    ["(a+)+$", `${"a".repeat(40)}!`],
    ["(a|a)*$", `${"a".repeat(40)}!`],
    ["(.*)*x", "a".repeat(100)],
    ["a.*b.*c.*d", "abc".repeat(5_000)],
    ["a.*b", "a".repeat(MAX_INSPECTED_BYTES)],
  ]
) {
  Deno.test(`Pattern.test() gives up on /${source}/ at its time limit`, () => {
    const pattern = new Pattern(source);
    assertEquals([pattern.test(text), pattern.exec(text)], [undefined, undefined]);
    // And is none the worse for it.
    assertEquals(new Pattern("(b+)+$").exec("abb")?.[0], "bb");
    assertEquals(pattern.test("abcd"), source !== "(.*)*x" && source !== "(a+)+$");
  });
}

Deno.test("Pattern.test() matches the end of the longest text, with or without a time limit", () => {
  const text = "x".repeat(MAX_INSPECTED_BYTES - 3) + "end";
  for (const source of ["end$", "e.*d$", "(e)+nd", "(?<=x)end"]) {
    assertEquals(new Pattern(source).test(text), true, source);
    assertEquals(new Pattern(source).test(text.slice(0, -1)), false, source);
  }
});

Deno.test("Pattern matches code points, and rejects an invalid regular expression", () => {
  assertEquals(new Pattern("^.$").test("\u{1f600}"), true);
  for (const source of ["(", "[b-a]", "\\-", "{"]) {
    assertThrows(() => new Pattern(source), SyntaxError);
  }
});

Deno.test("Patterns.compile() compiles each pattern once, and keeps a bounded number", () => {
  const patterns = new Patterns();
  const first = patterns.compile("a");
  assert(patterns.compile("a") === first);
  const long = "b".repeat(5_000);
  assert(patterns.compile(long) !== patterns.compile(long), "too long to be kept");
  for (let k = 0; k < 1_000; k++) patterns.compile(`c${k}`);
  assert(patterns.compile("a") !== first, "it made room");
});

for (
  const bytes of [
    encoder.encode("\ufeffgrün \u{1f600}\ufeff!"),
    Uint8Array.from([0xc3, 0x28, 0xff, 0xf0, 0x9f]),
    encoder.encode("ascii"),
    new Uint8Array(0),
  ]
) {
  Deno.test(`BodyPrefix.text() is the same for any pieces of ${bytes.length} bytes`, () => {
    const whole = new TextDecoder().decode(bytes);
    for (let at = 0; at <= bytes.length; at++) {
      const text = new BodyPrefix();
      text.write(bytes.subarray(0, at));
      text.write(bytes.subarray(at));
      assertEquals(text.text(), whole, `${at}`);
    }
    const single = new BodyPrefix();
    for (const byte of bytes) single.write(Uint8Array.of(byte));
    assertEquals([single.text(), single.isCut], [whole, false]);
  });
}

Deno.test("BodyPrefix copies what it is lent, and keeps at most 1 MiB", () => {
  const lent = encoder.encode("aé");
  const text = new BodyPrefix();
  text.write(lent);
  lent.fill(0x78);
  assertEquals(text.text(), "aé");
  const block = new Uint8Array(65_536 - 1).fill(0x61);
  const long = new BodyPrefix();
  for (let k = 0; k < 20; k++) long.write(block);
  assertEquals([long.text().length, long.isCut], [MAX_INSPECTED_BYTES, true]);
});

for (
  const [value, problem] of [
    [5, "'expect' must be an object"],
    [[], "'expect' must be an object"],
    [{ code: 5 }, "'expect' has 'code', not one of status, headers, body, sha256, latency"],
    [{ status: "2x" }, "'expect.status' must be a list of statuses"],
    [{ status: [] }, "'expect.status' must be a list"],
    [{ status: { a: 1 } }, "'expect.status' must be a list"],
    [{ status: 20 }, "'expect.status' must be a list"],
    [{ headers: [] }, "'expect.headers' must be an object"],
    [{ headers: { "a b": "c" } }, "a name in 'expect.headers' must be a token"],
    [{ headers: { a: 5 } }, "a regular expression in 'expect.headers' must be a string"],
    [{ headers: { a: ["b", null] } }, "a regular expression in 'expect.headers' must be a string"],
    [{ headers: { "X-Token": null } }, "for 'X-Token' was left out as a secret"],
    [{ body: "(" }, "'expect.body' is not a regular expression: Unterminated group"],
    [{ body: {} }, "a regular expression in 'expect.body' must be a string"],
    [{ sha256: "abc" }, "'expect.sha256' must be 64 hexadecimal digits"],
    [{ latency: 5 }, "'expect.latency' must be a duration"],
    [{ latency: "0ms" }, "'expect.latency' must be a duration"],
  ] as [unknown, string][]
) {
  Deno.test(`RecordExpectations.parse() rejects ${JSON.stringify(value)} with a message`, () => {
    assertStringIncludes(new RecordExpectations().parse(value) as string, problem);
  });
}

Deno.test("toRecord() writes what RecordExpectations.of() reads, without secrets", () => {
  const records = new RecordExpectations();
  const sha256 = "a1".repeat(32);
  for (
    const record of [
      { status: "404" },
      { status: "2xx,304", headers: { a: "^b$" }, body: "c", sha256, latency: "1500ms" },
      { headers: { a: ["^b", "c$", "d"], b: "e" } },
    ]
  ) {
    const once = JSON.parse(JSON.stringify(toRecord(records.parse(record) as Expectation)));
    assertEquals(once, record);
  }
  const loose = records.parse({
    status: ["2xx", 304],
    sha256: sha256.toUpperCase(),
  }) as Expectation;
  assertEquals([toRecord(loose).status, toRecord(loose).sha256], ["2xx,304", sha256]);
  // Names that differ in case are one field, whose patterns all have to match.
  const both = records.parse({ headers: { A: "^b", a: "c$" } }) as Expectation;
  assertEquals({ ...toRecord(both).headers as object }, { a: ["^b", "c$"] });
  const secret = records.parse({ headers: { "X-Token": ["hunter2", "a"] } }) as Expectation;
  assertEquals({ ...toRecord(secret).headers as object }, { "x-token": null });
});
