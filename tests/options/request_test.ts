import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { folder } from "../fixtures/folder.ts";
import { readBody } from "../fixtures/read_body.ts";

const URL_ = "http://localhost/{}";
const decoder = new TextDecoder();

async function parse(...argv: string[]): Promise<RunOptions> {
  const options = await parseRun([...argv, URL_], "1");
  if (typeof options === "string") throw new TypeError(options);
  return options;
}

const JSON_ = ["application/json", "application/json"];
const FORM = ["application/x-www-form-urlencoded", undefined];

/** The content type and what is accepted. */
function typesOf({ headers }: RunOptions): (string | undefined)[] {
  return ["content-type", "accept"].map((name) =>
    headers.find((field) => field[0].toLowerCase() === name)?.[1]
  );
}

for (
  const [data, types] of [
    ["{}", JSON_],
    ["[]", JSON_],
    [' \n{"a":{"b":[1,null]}} ', JSON_],
    ['{"id":{},"name":"{}","list":[{+}]}', JSON_],
    ["[{},{}]", JSON_],
    ["a=b", FORM],
    ["", FORM],
    ["5", FORM],
    ['"text"', FORM],
    ["null", FORM],
    ["{", FORM],
    ["{a:1}", FORM],
    ['{"a":1,}', FORM],
    ['{"a":1} x', FORM],
    ["\ufeff{}", FORM],
    ["\u00a0{}", FORM],
    ["{a}", FORM],
  ] as [string, (string | undefined)[]][]
) {
  Deno.test(`parseRun() guesses ${types[0]} for ${JSON.stringify(data)}, also in a file`, async () => {
    const inline = await parse("-d", data);
    assertEquals([inline.method, typesOf(inline)], ["POST", types]);
    await using dir = await folder();
    // There it is no template.
    if (/\{\+?\}/.test(data) && data !== "{}") return;
    const file = await parse("-d", `@${await dir.write("body", data)}`);
    assertEquals(typesOf(file), types);
    assertEquals(decoder.decode(readBody(file.body)), data.replace("\ufeff", ""));
  });
}

Deno.test("parseRun() adds no content type when one is given, and no Accept", async () => {
  const json = '{"a":1}';
  assertEquals(typesOf(await parse("-d", json, "-T", "text/plain")), ["text/plain", undefined]);
  assertEquals(typesOf(await parse("-d", json, "-H", "content-type: text/plain")), [
    "text/plain",
    undefined,
  ]);
  assertEquals(typesOf(await parse("-d", json, "-H", "accept: text/html")), [
    "application/json",
    "text/html",
  ]);
  assertEquals(typesOf(await parse()), [undefined, undefined]);
});

Deno.test("parseRun() guesses by the first byte of a file over 4 MiB or not in UTF-8", async () => {
  await using dir = await folder();
  const of = async (content: string | Uint8Array): Promise<unknown> =>
    typesOf(await parse("-d", `@${await dir.write("body", content)}`));
  const long = "x".repeat(4 * 1024 * 1024);
  assertEquals(await of(`{"a":"${long}"`), JSON_);
  assertEquals(await of(` \n[${long}`), JSON_);
  assertEquals(await of(`${long}{}`), FORM);
  assertEquals(await of(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), FORM);
});

Deno.test("parseRun() reads templates in inline values only", async () => {
  await using dir = await folder();
  const headers = await dir.write("headers", "X-File: {x} {}\r\n");
  const cookie = await dir.write("cookie", "f={x}\n");
  const options = await parse(
    ...["-H", "X-A: {}", "-H", "X-B: {{}} {{x}} { }", "-H", `@${headers}`],
    ...["-b", "c={+id}", "-b", `@${cookie}`, "--user-agent", "me/{}", "-u", "me:{x}{}"],
    ...["-d", "n={}", "-T", "text/{x}"],
  );
  const { templates } = options;
  assertEquals(options.headers, [
    ["X-A", "{}"],
    ["X-B", "{} {x} { }"],
    ["X-File", "{x} {}"],
    ["Content-Type", "text/{x}"],
    ["Authorization", `Basic ${btoa("me:{x}{}")}`],
    ["Cookie", "c={+id}; f={{x}}"],
    ["User-Agent", "me/{}"],
    ["Accept-Encoding", "identity"],
  ]);
  assertEquals(
    Array.from(templates!.headers, ([[name], template]) => [name, template.expand(() => "7")]),
    [["X-A", "7"], ["Cookie", "c=7; f={x}"], ["User-Agent", "me/7"]],
  );
  assertEquals(templates!.body!.expand(() => "7"), "n=7");
});

Deno.test("parseRun() asks for the codings that are decoded with --compressed", async () => {
  const { headers, raw } = await parse("--compressed", "--raw");
  assertEquals(headers[0], ["Accept-Encoding", "gzip, deflate, br, zstd"]);
  assertEquals(raw, true);
  // Firefox copies both for curl.
  const own = await parse("--compressed", "-H", "accept-encoding: br");
  assertEquals(own.headers.filter(([name]) => /^accept-encoding$/i.test(name)), [
    ["accept-encoding", "br"],
  ]);
});

Deno.test("parseRun() has no templates without a placeholder", async () => {
  for (
    const [data, body] of [
      ["{}", "{}"],
      ['{"a":{"b":1}}', '{"a":{"b":1}}'],
      ["{{}} {{a}}", "{} {a}"],
    ]
  ) {
    const options = await parse("-H", "X-A: {{a}}", "-d", data);
    assertEquals([options.templates, decoder.decode(readBody(options.body))], [undefined, body]);
  }
  await using dir = await folder();
  const file = await parse("-d", `@${await dir.write("body", "{} {a} {{a}}")}`);
  assertEquals([file.templates, decoder.decode(readBody(file.body))], [undefined, "{} {a} {{a}}"]);
});

for (
  const [argv, body, expected] of [
    [[], '{"a":{}}', '{"a":"x\\"&"}'],
    [["-T", "application/problem+json; charset=utf-8"], "{}{}", '"x\\"&""x\\"&"'],
    [["-H", "content-type: APPLICATION/JSON"], "[{}", '["x\\"&"'],
    [["-T", "text/plain"], '{"a":{}}', '{"a":x"&}'],
    [["-T", "application/jsonlines"], '{"a":{}}', '{"a":x"&}'],
    [[], "a={}", "a=x%22%26"],
    [["-T", "application/x-www-form-urlencoded;charset=utf-8"], "a={}", "a=x%22%26"],
    [["-T", "text/plain"], "a={}", 'a=x"&'],
  ] as [string[], string, string][]
) {
  Deno.test(`parseRun() escapes values for ${body} with ${argv.join(" ") || "no type"}`, async () => {
    const { templates } = await parse(...argv, "-d", body);
    assertEquals(templates!.body!.expand(() => 'x"&'), expected);
  });
}

Deno.test("parseRun() reads -H @FILE, -u @FILE and -b @FILE", async () => {
  await using dir = await folder();
  const headers = await dir.write("h", "X-A: 1\r\n\r\n \nX-B:  b: c \nAuthorization: é\n\n");
  const own = async (...argv: string[]): Promise<unknown> =>
    (await parse(...argv)).headers.slice(0, -2);
  assertEquals(await own("-H", `@${headers}`, "-H", "X-C: 3"), [
    ["X-A", "1"],
    ["X-B", "b: c"],
    ["Authorization", "é"],
    ["X-C", "3"],
  ]);
  for (const end of ["", "\n", "\r\n"]) {
    const user = await dir.write("u", `me:p:w ${end}`);
    const cookie = await dir.write("b", `a=1; b=2${end}`);
    assertEquals(await own("-u", `@${user}`, "-b", `@${cookie}`, "-b", "c=3"), [
      ["Authorization", `Basic ${btoa("me:p:w ")}`],
      ["Cookie", "a=1; b=2; c=3"],
    ]);
  }
  assertEquals(await own("-H", `@${await dir.write("none", "")}`), []);
});

for (
  const [flag, content, message] of [
    ["-H", "X-A: 1\nhunter2\n", "line 2 has no colon: write 'Name: value' on each line"],
    ["-H", "\nhunter2 x: 1\n", "Cannot send 'line 2 of --header @FILE': its name is not a token"],
    ["-H", "X-A: hunter2\0\n", "line 1 of --header @FILE': its value has control characters"],
    ["-H", "X-A: 1\n hunter2: 2\n", "line 2 of --header @FILE': its name is not a token"],
    ["-H", "Content-Length: 5\n", "line 1 of --header @FILE': the engine sets this field"],
    ["-H", "X-A: hunter2 世\n", "characters above U+00FF"],
    ["-H", Uint8Array.of(0x41, 0x3a, 0xff), "it is not text in UTF-8"],
    ["-H", "A: hunter2\n".repeat(100_000), "longer than 1 MiB: use a shorter one"],
    ["-u", "hunter2\n", "Cannot read '--user': there is no colon: write NAME:PASSWORD"],
    ["-u", "me:hunter2\n\n", "it has more than one line: leave one"],
    ["-u", "me:hunter2\nX: y", "it has more than one line"],
    ["-u", "", "write NAME:PASSWORD"],
    ["-b", "a=hunter2\nb=c\n", "it has more than one line"],
    ["-b", "a=hunter2\0", "Cannot send '--cookie': its value has control characters"],
  ] as [string, string | Uint8Array, string][]
) {
  Deno.test(`parseRun() rejects ${flag} @FILE of ${JSON.stringify(content).slice(0, 50)} without its text`, async () => {
    await using dir = await folder();
    const path = await dir.write("FILE", content);
    const error = await assertRejects(() => parse(flag, `@${path}`), UsageError);
    assertStringIncludes(error.message.replace(path, "FILE"), message);
    assert(!error.message.includes("hunter2"), error.message);
    assert(!error.message.includes("\n") && error.message.includes(": "), error.message);
  });
}

for (
  const [argv, message] of [
    [["-H", "@/does/not/exist"], "Cannot read '--header @/does/not/exist': no such file: name"],
    [["-u", "@/does/not/exist"], "Cannot read '--user @/does/not/exist': no such file: name"],
    [["-b", "@/does/not/exist"], "Cannot read '--cookie @/does/not/exist': no such file: name"],
    // Meant as the value itself, which is a secret.
    [["-u", "@me:hunter2"], "Cannot read '--user @…': no such file"],
    [["-b", "@a=hunter2"], "Cannot read '--cookie @…': no such file"],
    [["-H", "Authorization hunter2: x"], "Cannot send '--header': its name is not a token"],
    [["-H", "X-A: {hunter2}\0"], "Cannot send '--header X-A': its value has control characters"],
    [["-u", "@-", "-i", "-"], "both want stdin: use a file for one of them"],
    [["-b", "@-", "-d", "@-"], "'--cookie @-' and '--data @-' both want stdin"],
    [["-b", "@-", "-b", "@-"], "'--cookie @-' and '--cookie @-' both want stdin"],
    [["-H", "@-", "-H", "A: b", "-u", "@-"], "both want stdin"],
  ] as [string[], string][]
) {
  Deno.test(`parseRun() rejects ${argv.join(" ")} without repeating a secret`, async () => {
    const error = await assertRejects(() => parse(...argv), UsageError);
    assertStringIncludes(error.message, message);
    assert(!error.message.includes("hunter2"), error.message);
  });
}

for (
  const [args, expected] of [
    [["--cookie-jar", "http://x/"], { path: undefined }],
    [["http://x/", "--cookie-jar=a=b c"], { path: "a=b c" }],
    [["http://x/", "--cookie-jar=--cookie-jar"], { path: "--cookie-jar" }],
    [["--", "http://x/"], undefined],
  ] as [string[], unknown][]
) {
  Deno.test(`parseRun() takes the jar from ${JSON.stringify(args)}`, async () => {
    const options = await parseRun(args, "0.0.0") as RunOptions;
    assertEquals([options.url, options.cookieJar], ["http://x/", expected]);
  });
}

Deno.test("parseRun() reads no flag after --", async () => {
  const { message } = await assertRejects(
    () => parseRun(["http://x/", "--", "--cookie-jar=x"], "0.0.0"),
    UsageError,
  );
  assertMatch(message, /'--cookie-jar=x' is another/);
});

Deno.test("parseRun() takes curl's names for the method and for header fields", async () => {
  const options = await parse("-X", "PATCH", "-A", "me/{}", "-e", "http://a/{{}}");
  assertEquals(options.method, "PATCH");
  assertEquals(options.headers.slice(0, 2), [["User-Agent", "me/{}"], ["Referer", "http://a/{}"]]);
  assertEquals((await parse("-I")).method, "HEAD");
  assertEquals((await parse("-L")).redirects, 10);
  assertEquals((await parse("-L", "--max-redirs", "3")).redirects, 3);
  for (
    const [argv, words] of [
      [["-L", "--redirects", "0"], "'--location' and '--redirects 0' contradict each other"],
      [["-I", "-X", "GET"], "'--head' and '--method' contradict each other"],
      [["-e", "x", "-H", "referer: y"], "'--referer' and '--header Referer' contradict each other"],
      [["--json", '{"pw":"hunter2"}'], "JSON stands where a URL should: use '--data JSON'"],
    ] as const
  ) {
    const { message } = await assertRejects(() => parse(...argv), UsageError);
    assertStringIncludes(message, words);
    assert(!message.includes("hunter2"), message);
  }
});
