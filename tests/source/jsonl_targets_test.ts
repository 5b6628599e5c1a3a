import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { HeaderList } from "../../lib/target.ts";
import { outcomes, targetsOf } from "../fixtures/sources.ts";
import { readBody } from "../fixtures/read_body.ts";

const decoder = new TextDecoder();
const jsonl = (...records: unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

Deno.test("openRecords() of JSONL fills the template from a record's fields", async () => {
  const text = jsonl(
    { id: 1, q: "a b", ok: true, url: "ignored" },
    { id: 1.5, q: "&", ok: false },
    { id: "/x", q: "", ok: "" },
  );
  assertEquals(
    outcomes(await targetsOf("jsonl", text, { template: "http://h/{id}/{ok}?q={q}" })),
    ["http://h/1/true?q=a%20b", "http://h/1.5/false?q=%26", "http://h//x/?q="],
  );
});

Deno.test("openRecords() of JSONL fills {} with the line unchanged", async () => {
  const [target] = await targetsOf("jsonl", '{"a": 1 }\n', { template: "http://h/?q={}" });
  assertEquals(target.url, "http://h/?q=%7B%22a%22%3A%201%20%7D");
});

Deno.test("openRecords() of JSONL keeps the digits of large numbers", async () => {
  const text =
    '{"id":12345678901234567890,"body":{"n":[9007199254740993,1]},"headers":{"N":9007199254740993}}\n';
  const [target] = await targetsOf("jsonl", text, { template: "http://h/{id}", method: "PUT" });
  assertEquals(target.url, "http://h/12345678901234567890");
  assertEquals(decoder.decode(readBody(target.body)), '{"n":[9007199254740993,1]}');
  assertEquals(target.headers[0], ["N", "9007199254740993"]);
  const [bare] = await targetsOf("jsonl", "12345678901234567890\n", { template: "http://h/{id}" });
  assertEquals(bare.invalid, "line 1: not a JSON object");
});

Deno.test("openRecords() of JSONL resolves a record's url against a template without placeholders", async () => {
  const text = jsonl(
    { url: "/one" },
    { url: "two?a=1" },
    { url: "https://other/x" },
    {},
    { url: null },
    { url: "" },
    { url: "//third/" },
    { url: "ftp://h/" },
    { url: "http://[" },
  );
  assertEquals(outcomes(await targetsOf("jsonl", text, { template: "http://h/dir/page" })), [
    "http://h/one",
    "http://h/dir/two?a=1",
    "https://other/x",
    "http://h/dir/page",
    "http://h/dir/page",
    "http://h/dir/page",
    "http://third/",
    "line 8: not an absolute http or https URL",
    "line 9: not a URL",
  ]);
});

Deno.test("openRecords() of JSONL uses a record's url without a template", async () => {
  const text = jsonl({ url: " http://h/1 " }, { url: "/1" }, {}, { url: 5 });
  assertEquals(outcomes(await targetsOf("jsonl", text)), [
    "http://h/1",
    "line 2: not an absolute http or https URL",
    "line 3: the record has no field 'url'",
    "line 4: 'url' must be a string",
  ]);
});

Deno.test("openRecords() of JSONL makes no request when URL would drop or replace a character", async () => {
  const lines = [
    '{"url":"/a\\tb"}',
    '{"url":"/a\\r\\nb"}',
    '{"url":"/\\u0000"}',
    '{"url":"/\\ud800"}',
  ];
  const bad = [
    ...["%09", "%0D", "%00"].map((code) => `a URL cannot hold a control character (here ${code})`),
    "a URL cannot hold a lone surrogate",
  ];
  const text = [...lines, '{"url":" /é😀\\n"}'].join("\n");
  const based = await targetsOf("jsonl", text, { template: "http://h/" });
  assertEquals(outcomes(based), [
    ...bad.map((why, k) => `line ${k + 1}: ${why}`),
    "http://h/%C3%A9%F0%9F%98%80",
  ]);
  const whole = await targetsOf(
    "jsonl",
    text.replaceAll('"/', '"http://h/').replace(" /", " http://h/"),
  );
  assertEquals(outcomes(whole), [
    ...bad.map((why, k) => `line ${k + 1}: ${why}`),
    "http://h/é😀",
  ]);
  assert([...based, ...whole].every(({ url }) => url.isWellFormed()));
  const filled = await targetsOf("jsonl", '{"a":"x\\ny"}\n', { template: "http://h/{a}" });
  assertEquals(outcomes(filled), ["line 1: a URL cannot hold a control character (here %0A)"]);
});

Deno.test("openRecords() of JSONL sends a lone surrogate as an escape, or makes no request", async () => {
  const why =
    "line 1: a field that the templates take has a lone surrogate, which UTF-8 cannot encode";
  for (const template of ["http://h/{a}", "http://h/?a={a}", "http://u:{a}@h/", "{a}"]) {
    const targets = await targetsOf("jsonl", '{"a":"http://h/\\ud800","url":"x"}', { template });
    assertEquals(outcomes(targets), [why]);
    // What is not asked for does not matter.
    const more = '{"a":"http://h/","b":"\\udfff"}';
    assertEquals((await targetsOf("jsonl", more, { template }))[0].invalid, undefined);
  }
  const template = "http://h/";
  const [text, json, regex] = await targetsOf(
    "jsonl",
    '{"body":"a\\ud800"}\n{"body":{"a":"\\ud800"}}\n{"expect":{"body":"\\ud800"}}\n',
    { template },
  );
  assertEquals(text.invalid, "line 1: its 'body' has a lone surrogate, which UTF-8 cannot encode");
  assertEquals([json.invalid, decoder.decode(readBody(json.body))], [undefined, '{"a":"\\ud800"}']);
  assertEquals(
    regex.invalid,
    "line 3: a regular expression in 'expect.body' has a lone surrogate",
  );
});

for (
  const [line, why] of [
    ["nonsense", "not a JSON object"],
    ['{"id":1', "not a JSON object"],
    ["[1]", "not a JSON object"],
    ["null", "not a JSON object"],
    ['"http://h/"', "not a JSON object"],
    ["{}", "the record has no field 'id'"],
    ['{"id":null}', "the record has no field 'id'"],
    ['{"id":{}}', "the record has no field 'id'"],
    ['{"id":[1]}', "the record has no field 'id'"],
    ['{"id":1,"method":1}', "'method' must be a string"],
    ['{"id":1,"method":"A B"}', "its method cannot be sent: it is not a token"],
    ['{"id":1,"method":""}', "its method cannot be sent: it is not a token"],
    ['{"id":1,"method":"GET","body":"x"}', "its method cannot be sent: it cannot have a body"],
    ['{"id":1,"method":"CONNECT"}', "its method cannot be sent: native fetch forbids it"],
    ['{"id":1,"headers":"A: b"}', "'headers' must be an object"],
    ['{"id":1,"headers":["A"]}', "'headers' must be an object"],
    ['{"id":1,"headers":{"A":true}}', "a value in 'headers' must be a string or a number"],
    ['{"id":1,"headers":{"A":{}}}', "a value in 'headers' must be a string or a number"],
    ['{"id":1,"headers":{"A":["x",null]}}', "a value in 'headers' must be a string or a number"],
    ['{"id":1,"headers":{"A b":"x"}}', "its name is not a token"],
    ['{"id":1,"headers":{"":"x"}}', "its name is not a token"],
    ['{"id":1,"headers":{"A":"x\\ry"}}', "its value has control characters"],
    ['{"id":1,"headers":{"A":"x\\n"}}', "its value has control characters"],
    ['{"id":1,"headers":{"A":"x\\u0000y"}}', "its value has control characters"],
    ['{"id":1,"headers":{"A":"\\u0100"}}', "characters above U+00FF"],
  ]
) {
  Deno.test(`openRecords() of JSONL reports what is wrong with ${line}, and continues`, async () => {
    const targets = await targetsOf("jsonl", `\n${line}\n{"id":2}\n`, {
      template: "http://h/{id}",
    });
    assertEquals(targets.map(({ i }) => i), [0, 1]);
    const [bad, good] = targets;
    assert(bad.invalid!.startsWith("line 2: ") && bad.invalid!.includes(why), bad.invalid);
    assertEquals(outcomes([good]), ["http://h/2"]);
  });
}

Deno.test("openRecords() of JSONL looks up names in the record's own fields only", async () => {
  const text = '{"a":1}\n{"__proto__":"x","constructor":"y","toString":"z"}\n';
  assertEquals(
    outcomes(await targetsOf("jsonl", text, { template: "http://h/{__proto__}/{constructor}" })),
    ["line 1: the record has no field '__proto__'", "http://h/x/y"],
  );
  // An inherited method, headers or body would be everybody's.
  const evil = '{"__proto__":{"method":"DELETE","headers":{"A":"1"},"body":"x","url":"/x"}}\n';
  const [target] = await targetsOf("jsonl", evil, { template: "http://h/" });
  assertEquals([target.method, target.headers, target.body, target.url], [
    "GET",
    [],
    undefined,
    "http://h/",
  ]);
});

const RUN: HeaderList = [["X-A", "run"], ["User-Agent", "me"]];

Deno.test("openRecords() of JSONL shares the run's list with a record without headers", async () => {
  const text = jsonl({}, { headers: null, method: null, body: null }, { method: "delete" });
  const targets = await targetsOf("jsonl", text, { template: "http://h/", headers: RUN });
  for (const { headers } of targets) assertStrictEquals(headers, RUN);
  assertEquals(targets.map(({ method }) => method), ["GET", "GET", "DELETE"]);
});

Deno.test("openRecords() of JSONL replaces the run's fields of the same name", async () => {
  const text = jsonl({ headers: { "x-a": "own", "X-B": 1, Accept: ["a", "b"] } }, { headers: {} });
  const [own, none] = await targetsOf("jsonl", text, { template: "http://h/", headers: RUN });
  assertEquals(own.headers, [
    ["User-Agent", "me"],
    ["x-a", "own"],
    ["X-B", "1"],
    ["Accept", "a"],
    ["Accept", "b"],
  ]);
  // The same fields, so that others can tell whose they are.
  assertStrictEquals(own.headers[0], RUN[1]);
  assertEquals(none.headers, RUN);
});

Deno.test("openRecords() of JSONL sends a text unchanged, and any other value as JSON", async () => {
  const text = jsonl(
    { body: "text é" },
    { body: "" },
    { body: { a: [1, null] } },
    { body: 5 },
    { body: false },
    { body: { a: 1 }, headers: { "content-type": "application/x" } },
  );
  const targets = await targetsOf("jsonl", text, { template: "http://h/", method: "POST" });
  assertEquals(targets.map(({ body }) => decoder.decode(readBody(body))), [
    "text é",
    "",
    '{"a":[1,null]}',
    "5",
    "false",
    '{"a":1}',
  ]);
  const json = [["Content-Type", "application/json"]];
  assertEquals(targets.map(({ headers }) => headers as unknown), [
    [],
    [],
    json,
    json,
    json,
    [["content-type", "application/x"]],
  ]);
  const typed: HeaderList = [["content-type", "text/plain"]];
  const [target] = await targetsOf("jsonl", jsonl({ body: 1 }), {
    template: "http://h/",
    method: "POST",
    headers: typed,
  });
  assertStrictEquals(target.headers, typed);
});

Deno.test("openRecords() of JSONL sends a body with POST when no method is given", async () => {
  const targets = await targetsOf("jsonl", jsonl({ body: "x" }, {}), { template: "http://h/" });
  assertEquals(targets.map(({ method }) => method), ["POST", "GET"]);
});

Deno.test("openRecords() of JSONL sends the base URL's credentials to its origin only", async () => {
  const text = jsonl({ url: "/a" }, { url: "http://other/" }, {}, { url: "http://v:w@other/" });
  const targets = await targetsOf("jsonl", text, { template: "http://u:p@h/" });
  const own = [["Authorization", `Basic ${btoa("u:p")}`]];
  assertEquals(targets.map(({ url, headers }) => [url, headers as unknown]), [
    ["http://h/a", own],
    ["http://other/", []],
    ["http://h/", own],
    ["http://other/", [["Authorization", `Basic ${btoa("v:w")}`]]],
  ]);
});

Deno.test("openRecords() of JSONL shows no part of a line that it cannot parse", async () => {
  const text = [
    '{"url":"http://h/","headers":{"Authorization":"secret"}',
    '{"a":"b/c","url":"http://u:secret@h/"',
    `{"url":"/x","body":"secret${"x".repeat(1024 * 1024)}"}`,
    '{"headers":{"Authorization":"secret\\n"}}',
    '{"url":"http://u:secret@h/","headers":5}',
  ].join("\n");
  const targets = await targetsOf("jsonl", text);
  assertEquals(targets.length, 5);
  for (const { url, invalid } of targets) {
    assert(invalid !== undefined && !`${url}${invalid}`.includes("secret"), `${url} ${invalid}`);
  }
});
