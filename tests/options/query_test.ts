import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { UrlTemplate } from "../../lib/source/url_template.ts";
import { folder } from "../fixtures/folder.ts";

for (
  const [url, data, made] of [
    ["http://h/", ["a=1"], "http://h/?a=1"],
    ["http://h/?x=1", ["a=1", "b=2"], "http://h/?x=1&a=1&b=2"],
    ["http://h/?", ["a=1"], "http://h/?a=1"],
    ["http://h/?x&", ["a=1"], "http://h/?x&a=1"],
    ["http://h/#f?g", ["a=1"], "http://h/?a=1#f?g"],
    ["http://h/{a#b?c}{{#}}", ["q=1"], "http://h/V{?q=1#}"],
    ["http://h/{}", ["q={a}", "{+b}{|lower}", "{{}}"], "http://h/V?q=V%26&VV&{}"],
    ["http://h/", ["a=#&b=\n c{ }"], "http://h/?a=%23&b=%0A%20c{%20}"],
  ] as [string, string[], string][]
) {
  Deno.test(`--get makes ${made} of ${url} and ${JSON.stringify(data)}`, async () => {
    const flags = data.flatMap((it) => ["-d", it]);
    const options = await parseRun(["-G", ...flags, url], "1") as RunOptions;
    assertEquals([options.method, options.body], ["GET", undefined]);
    assertEquals(options.headers.some(([name]) => name === "Content-Type"), false);
    const values: Record<string, string> = { a: "V&" };
    assertEquals(UrlTemplate.parse(options.url!).fill((name) => values[name] ?? "V"), made);
  });
}

for (
  const [argv, words] of [
    [["http://h/"], "'--get' needs '--data' or '--data-raw' or '--data-urlencode'"],
    [["-d", "x", "-i", "urls.txt"], "Cannot use '--get' with URLs of the input: add a URL with a"],
    [["-d", "x", "-i", "a.jsonl", "http://h/"], "Cannot use '--get' with URLs of the input"],
    [["-d", "k={env:K}", "http://h/"], "Cannot use {env:NAME} with '--get': records show the URL"],
    [["--json-body", "a=b", "http://h/"], "'--get' needs '--data'"],
  ] as const
) {
  Deno.test(`--get refuses ${argv.join(" ")}`, async () => {
    const context = { readVariable: () => "hunter2" };
    const { message } = await assertRejects(
      () => parseRun(["-G", ...argv], "1", context),
      UsageError,
    );
    assertStringIncludes(message, words);
    assert(!message.includes("hunter2"), message);
  });
}

Deno.test("--get refuses a file that is not UTF-8, and takes one that is", async () => {
  await using dir = await folder();
  const text = await dir.write("a", "a={x}");
  const options = await parseRun(["-G", "-d", `@${text}`, "http://h/"], "1") as RunOptions;
  assertEquals(options.url, "http://h/?a={{x}}");
  const binary = await dir.write("b", Uint8Array.of(0xff));
  const run = () => parseRun(["-G", "-d", `@${binary}`, "http://h/"], "1");
  assertStringIncludes((await assertRejects(run, UsageError)).message, "is not text in UTF-8");
});
