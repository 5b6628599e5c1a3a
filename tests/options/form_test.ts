import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { toIdentity } from "../../lib/checkpoint/identity.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { folder } from "../fixtures/folder.ts";
import { readBody } from "../fixtures/read_body.ts";

const URL_ = "http://localhost/{}";

async function parse(...argv: string[]): Promise<RunOptions> {
  const options = await parseRun([...argv, URL_], "1");
  if (typeof options === "string") throw new TypeError(options);
  return options;
}

const refuse = async (...argv: string[]): Promise<string> =>
  (await assertRejects(() => parse(...argv), UsageError)).message;

/** The boundary that a run's Content-Type names. */
function findBoundary({ headers }: RunOptions): string {
  const type = headers.find(([name]) => name === "Content-Type")![1];
  const [, boundary] = /^multipart\/form-data; boundary=(-{24}[\da-f]{22})$/.exec(type)!;
  return boundary;
}

Deno.test("--form makes a body of parts, and its Content-Type", async () => {
  await using dir = await folder();
  const path = dir.path("a.txt");
  await Deno.writeTextFile(path, "{not} a template");
  const options = await parse("-F", "x=1", "--form", `f=@${path};filename=b`, "-F", `g=<${path}`);
  const boundary = findBoundary(options);
  assertEquals(options.method, "POST");
  assertEquals(options.templates, undefined);
  assertEquals(
    new TextDecoder().decode(readBody(options.body)),
    [
      `--${boundary}\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="b"\r\n`,
      "Content-Type: application/octet-stream\r\n\r\n{not} a template\r\n",
      `--${boundary}\r\nContent-Disposition: form-data; name="g"\r\n\r\n{not} a template\r\n`,
      `--${boundary}--\r\n`,
    ].join(""),
  );
});

Deno.test("--form is the same for --resume with the same parts, whatever its boundary", async () => {
  await using dir = await folder();
  const path = dir.path("large");
  await Deno.writeFile(path, new Uint8Array(70_000));
  const identify = async (...parts: string[]): Promise<unknown> => {
    const options = await parse(...parts.flatMap((part) => ["-F", part]), "-F", `f=@${path}`);
    assertEquals(options.form!.files.length, 1);
    return await toIdentity(options, "salt");
  };
  const [first, again] = [await parse("-F", "a=b"), await parse("-F", "a=b")];
  assertNotEquals(findBoundary(first), findBoundary(again));
  const before = await identify("a={}");
  assertEquals(await identify("a={}"), before);
  assertNotEquals(await identify("a={+}"), before);
  await Deno.utime(path, 1, 1);
  assertNotEquals(await identify("a={}"), before);
});

Deno.test("--form refuses what it cannot send, and repeats no value", async () => {
  await using dir = await folder();
  const missing = dir.path("missing");
  for (
    const [argv, message] of [
      [["-F", "hunter2"], /^Cannot read '--form …': use NAME=VALUE, NAME=@FILE or NAME=<FILE$/],
      [["-F", "a=hunter2;type="], /^Cannot read '--form a=…': 'type=' has no media type/],
      [["-F", `a=@${missing}`], /^Cannot read '--form a=@.*missing': no such file: name a file/],
      [["-F", "a=@/dev/zero"], /^Cannot read '--form a=@\/dev\/zero': it is longer than 64 MiB/],
      [["-F", "a=@-"], /^Cannot read '--form a=@-': standard input cannot be a part: name a file$/],
      [["-F", "a=b", "-H", "content-type: x/y"], /^'--form' has its own Content-Type: leave/],
      [["-F", "a=b", "-d", "c"], /^'--form' and '--data' contradict each other/],
      [["-F", "a=b", "-T", "c/d"], /^'--form' and '--content-type' contradict each other/],
      [["-F", "a=b", "-G"], /^'--form' and '--get' contradict each other/],
      [["-F", "a=b", "-m", "GET"], /^Cannot send '--method GET': it cannot have a body/],
      [
        ["-F", "a={}", "--failures", dir.path("f.jsonl")],
        /^Cannot use '--failures' with placeholders in '--form'/,
      ],
    ] as [string[], RegExp][]
  ) {
    const said = await refuse(...argv);
    assertMatch(said, message);
    assert(!said.includes("hunter2"));
  }
});
