import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import type { Lookup } from "../../lib/source/lookup.ts";
import type { TextTemplate } from "../../lib/source/text_template.ts";
import { TemplateFunctions } from "../../lib/source/template_functions.ts";
import { folder } from "../fixtures/folder.ts";
import { openSourceOf } from "../fixtures/sources.ts";
import { RawServer } from "../fixtures/raw_server.ts";
import { readBody } from "../fixtures/read_body.ts";

const URL_ = "http://localhost/";

async function parse(...argv: string[]): Promise<RunOptions> {
  const options = await parseRun([...argv, URL_], "1");
  if (typeof options === "string") throw new TypeError(options);
  return options;
}

const refused = async (...argv: string[]): Promise<string> =>
  (await assertRejects(() => parse(...argv), UsageError)).message;

/** The body of a request whose record has `x"&` for each name. */
async function bodyOf({ body, templates }: RunOptions): Promise<string> {
  if (templates?.body === undefined) return new TextDecoder().decode(readBody(body));
  const template = templates.body as TextTemplate;
  const names = template.placeholders.map(({ name }) => name);
  const ofRecord: Lookup = (name) => name.includes("|") ? undefined : 'x"&';
  const functions = await TemplateFunctions.open(names, "");
  return template.expand(functions?.at(0, ofRecord) ?? ofRecord) as string;
}

function typeOf({ headers }: RunOptions): string | undefined {
  return headers.find(([name]) => name === "Content-Type")?.[1];
}

for (
  const [argv, body] of [
    [["-d", "a=1", "-d", "b=2"], "a=1&b=2"],
    [["-d", "a={}", "-d", "b={{}}"], "a=x%22%26&b={}"],
    [["-d", ""], ""],
    [["--data-binary", "a"], "a"],
    [["--data-raw", "@a"], "@a"],
    [["--data-raw", "{}"], "{}"],
    [["--data-urlencode", "a=ä {}!", "-d", "c=1"], "a=%C3%A4+x%22%26%21&c=1"],
    [["--data-raw", "@a", "-d", "{}", "--data-raw", "b"], '@a&x"&&b'],
    [["--data-urlencode", "a={name}"], "a=x%22%26"],
    [["--data-urlencode", "a={+name}"], 'a=x"&'],
    [["--json-body", "a=b"], '{"a":"b"}'],
    [
      ["--json-body", 'a\n"b={name} "x"\\', "--json-body", "n:={i}"],
      '{"a\\n\\"b":"x\\"& \\"x\\"\\\\","n":"x\\"&"}',
    ],
    [
      ["--json-body", 'o:={"a":[1,"{}"]}', "--json-body", "t::=true"],
      '{"o":{"a":[1,"x\\"&"]},"t:":true}',
    ],
    [["--json-body", "e:={{}}"], '{"e":{}}'],
    [["--json-body", "a={{}}{{b}}"], '{"a":"{}{b}"}'],
  ] as const
) {
  Deno.test(`parseRun() makes the body ${body} of ${argv.join(" ")}`, async () => {
    const options = await parse(...argv);
    assertEquals([options.method, await bodyOf(options)], ["POST", body]);
    const isJson = body.startsWith("{");
    assertEquals(
      typeOf(options),
      isJson ? "application/json" : "application/x-www-form-urlencoded",
    );
  });
}

Deno.test("parseRun() joins files and templates, and keeps bytes as they are", async () => {
  await using dir = await folder();
  const file = await dir.write("a", "{x}\n");
  const binary = await dir.write("b", Uint8Array.of(0xff, 0x26));
  assertEquals(await bodyOf(await parse("-d", "a={}", "-d", `@${file}`)), "a=x%22%26&{x}\n");
  const { body } = await parse("-d", `@${binary}`, "-d", "{{a}}", "--data-urlencode", `@${binary}`);
  assertEquals(body, new Uint8Array([0xff, 0x26, 0x26, ...new TextEncoder().encode("{a}&%FF%26")]));
  assertStringIncludes(
    await refused("-d", `@${binary}`, "-d", "{a}"),
    "Cannot use a file of '--data' beside a template: it is not text in UTF-8",
  );
});

Deno.test("parseRun() reads a template from a file", async () => {
  await using dir = await folder();
  const file = await dir.write("t.json", '{"id":{id},"name":"{name|upper}"}\n');
  const options = await parse("--data-template", file);
  assertEquals(await bodyOf(options), '{"id":"x\\"&","name":"X\\"&"}\n');
  assertEquals(typeOf(options), "application/json");
  const wrong = await dir.write("w", Uint8Array.of(0xff));
  assertStringIncludes(await refused("--data-template", wrong), "it is not text in UTF-8");
  assertStringIncludes(await refused("--data-template", dir.path("none")), "no such file");
});

for (
  const [argv, words] of [
    [["--json-body", "a"], "Cannot read a '--json-body': use NAME=TEXT, or NAME:=JSON"],
    [["--json-body", "=a"], "Cannot read a '--json-body'"],
    [["--json-body", "a=1", "--json-body", "a:=2"], "'--json-body' has 'a' twice: give it once"],
    [["--json-body", "a:=hunter2"], "Cannot read '--json-body a:=…': it is not JSON"],
    [["--json-body", "a:="], "Cannot read '--json-body a:=…': it is not JSON"],
    [["--json-body", "a=b", "-d", "x"], "'--json-body' and '--data' contradict each other"],
    [["--data-template", "f", "--data-raw", "x"], "'--data-template' and '--data-raw' contradict"],
    [["-I", "-d", "x"], "'--head' and a body contradict each other: use one of them, or --get"],
    [["-d", "@-", "--data-urlencode", "@-"], "both want stdin"],
    [["-d", "a\ufffd"], "Cannot send '--data': it is not UTF-8"],
  ] as const
) {
  Deno.test(`parseRun() refuses ${argv.join(" ")}`, async () => {
    const message = await refused(...argv);
    assertStringIncludes(message, words);
    assert(!message.includes("hunter2"), message);
  });
}

for (
  const [argv, flag] of [
    [["--json-body", "a={x}"], "--json-body"],
    [["-d", "a", "--data-urlencode", "a={x}"], "--data-urlencode"],
    [["--data-raw", "{x}"], "--data-raw"],
  ] as const
) {
  Deno.test(`a placeholder that nothing fills is told by ${flag}`, async () => {
    const { method, headers, body, templates } = await parse(...argv);
    const { message } = await assertRejects(
      () => openSourceOf({ template: URL_, count: 1, method, headers, body, templates }),
      UsageError,
    );
    assertStringIncludes(message, `Cannot fill the placeholder at character 1 of '${flag}'`);
  });
}

/** The first line and the body of what curl sends. */
async function askCurl(server: RawServer, argv: readonly string[]): Promise<string[]> {
  const args = ["-s", "--max-time", "20", ...argv, server.url("/p?a=1")];
  const { success } = await new Deno.Command("curl", { args, stdin: "null" }).output();
  assert(success);
  const [head, body] = server.requests.at(-1)!.split("\r\n\r\n");
  // With -G it writes the digits in small letters, which is the same (RFC 3986 §6.2.2.1).
  const line = head.split("\r\n")[0].replaceAll(/%[0-9a-f]{2}/g, (code) => code.toUpperCase());
  return [line, body];
}

Deno.test("parseRun() makes the same request as curl of its flags for data", async () => {
  await using dir = await folder();
  const file = await dir.write("f", Uint8Array.of(0xff, 0x20, 0x61));
  await using server = await RawServer.start(({ send }) => send("HTTP/1.1 204 N\r\n\r\n"));
  for (
    const argv of [
      ["-d", "a=1", "-d", "b=2 c"],
      ["--data-raw", "@a"],
      ["--data-urlencode", "a ~.-_!'()*&=+"],
      ["--data-urlencode", "=a=b"],
      ["--data-urlencode", "n&=a b"],
      ["--data-urlencode", `n@${file}`, "--data-urlencode", `@${file}`],
      ["-d", "x=y", "--data-urlencode", "a= ä", "-G"],
      ["-d", "x=y", "-G", "-I"],
      ["--data-urlencode", "a=b c", "-d", `@${file}`, "--data-raw", "@d", "-d", "e"],
      ["-d", "x=y", "-G", "-X", "DELETE"],
      ["-X", "PUT", "--data-binary", `@${file}`],
    ]
  ) {
    const options = await parseRun([...argv, server.url("/p?a=1")], "1") as RunOptions;
    const { pathname, search } = new URL(options.url!);
    const body = String.fromCharCode(...readBody(options.body));
    assertEquals(
      [`${options.method} ${pathname}${search} HTTP/1.1`, body],
      await askCurl(server, argv),
      argv.join(" "),
    );
  }
});
