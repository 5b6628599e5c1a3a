import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError, UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { type DryRun, dryRun } from "../../lib/run/dry_run.ts";
import { Run } from "../../lib/run/run.ts";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

const parse = async (argv: readonly string[]): Promise<RunOptions> =>
  await parseRun(argv, "1") as RunOptions;

const look = async (...argv: readonly string[]): Promise<DryRun> => await dryRun(await parse(argv));

/** The last line of what is shown. */
const last = ({ text }: DryRun): string => text.trimEnd().split("\n").at(-1)!;

/** The numbers of the requests that are shown. */
const numbers = ({ text }: DryRun): number[] =>
  [...text.matchAll(/^\* request (\d+):/gm)].map(([, i]) => Number(i));

/** The names of files in a folder, with their contents. */
async function contents(path: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    files[name] = await Deno.readTextFile(`${path}${name}`);
  }
  return files;
}

Deno.test("dryRun() shows what a server then gets", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const argv = ["-n", "3", "-c", "1", "-H", "X: {}", "-d", "n={}", server.url("/{}?x={}")];
  const { text, isGood } = await look(...argv);
  assertEquals([isGood, server.requests], [true, []]);
  await (await Run.open(await parse(argv))).finish("1");
  const shown = server.requests.map((request, i) =>
    `* request ${i}: POST ${server.url(`/${i}?x=${i}`)}\n` +
    request.split("\r\n").map((line) => line === "" ? ">\n" : `> ${line}\n`).join("")
  );
  assertEquals(text, `${shown.join("")}* 3 requests in all; nothing was sent\n`);
});

Deno.test("dryRun() shows requests of HTTP/2, of fetch, and through a proxy", async () => {
  const http2 = await look("--http2", "-u", "a:secret", "https://h/x");
  assertStringIncludes(
    http2.text,
    "> :method: GET\n> :scheme: https\n> :authority: h\n> :path: /x\n",
  );
  assertStringIncludes(http2.text, "> authorization: Basic …\n");
  assertStringIncludes((await look("--engine", "fetch", "http://h/x")).text, "> GET http://h/x\n");
  const proxied = await look("-x", "http://u:p@proxy", "http://h/x");
  assertStringIncludes(proxied.text, "> GET http://h/x HTTP/1.1\n");
  assertStringIncludes(proxied.text, "> Proxy-Authorization: Basic …\n");
  assertStringIncludes((await look("https://h/x")).text, "agrees to HTTP/2");
});

Deno.test("dryRun() shows the beginning of a form, or why a file of it cannot be read", async () => {
  await using dir = await folder();
  const file = await dir.write("a.txt", `one\n${"two ".repeat(100_000)}`);
  const argv = ["-F", "a={}", "-F", `b=@${file};filename=x.txt`, "-F", "secret=x", "http://h/"];
  const options = await parse(argv);
  const { text } = await dryRun(options);
  assertStringIncludes(text, '> Content-Disposition: form-data; name="a"\n> \n> 0\n');
  assertStringIncludes(text, 'filename="x.txt"\n> Content-Type: text/plain\n> \n> one\n> two two');
  assertStringIncludes(text, "* the beginning of a body of 400 ");
  await Deno.truncate(file);
  assertStringIncludes((await dryRun(options)).text, "* cannot read ");
  options.form!.files.forEach((file) => file.close());
});

Deno.test("dryRun() counts the requests, and shows the first ten", async () => {
  const url = "http://h/{}";
  const all = await look("-n", "100M", url);
  assertEquals(numbers(all), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(last(all), "* 100,000,000 requests in all; nothing was sent");
  const shard = await look("-n", "10", "--start", "5", "--shard", "1/4", url);
  assertEquals(numbers(shard), [5, 9, 13]);
  assertEquals(last(shard), "* 3 requests of shard 1/4 in all; nothing was sent");
  for (
    const [flags, expected] of [
      ["-z 1m", "any number of requests in all, until --duration ends"],
      ["-z 1m -n 1", "at most 1 request in all, until --duration ends"],
      ["-z 10s -q 50/s", "at most 500 requests in all, until --duration ends"],
      ["-z 10s -q 50/s -n 100", "at most 100 requests in all, until --duration ends"],
      ["-z 10s -q 50/s --ramp-up 10s", "at most 250 requests in all, until --duration ends"],
      ["-z 1ms -q 1/s", "at most 1 request in all, until --duration ends"],
      ["--stages 10s:10/s,10s:0", "at most 100 requests in all, until --stages ends"],
      ["--stages 10s:10/s,1h:10/s -z 10s", "at most 50 requests in all, until --duration ends"],
      ["--stages 10s:10", "any number of requests in all, until --stages ends"],
    ]
  ) {
    assertEquals(last(await look(...flags.split(" "), url)), `* ${expected}; nothing was sent`);
  }
});

Deno.test("dryRun() reads an input to its end, and tells which records become no request", async () => {
  await using dir = await folder();
  const lines = Array.from(
    { length: 20_000 },
    (_, k) => k % 10_000 === 9_999 ? "/x" : `http://h/${k}`,
  );
  const path = await dir.write("urls.txt", `${lines.join("\n")}\n`);
  const result = await look("-i", path);
  assertEquals([numbers(result).length, result.isGood], [10, false]);
  assertStringIncludes(result.text, "* 20,000 requests in all; nothing was sent\n");
  assertEquals(
    last(result),
    "* 2 of them cannot be made; the first is request 9999: line 10000: " +
      "not an absolute http or https URL",
  );
  assertEquals((await look("-i", path, "-n", "100")).isGood, true);
  assertStringIncludes((await look("-i", path, "-n", "30k")).text, "fewer than");
  const looped = await look("-i", path, "--loop", "-z", "1s");
  assertStringIncludes(looped.text, "* any number of requests in all");
  const csv = await dir.write("a.csv", "id,name\n1,a\n2\n");
  const { text, isGood } = await look("-i", csv, "http://h/{id}/{name}");
  assertEquals(isGood, false);
  assertStringIncludes(text, "* request 1: GET");
  assertStringIncludes(text, "* cannot be made: line 3: ");
});

Deno.test("dryRun() shows what a resumed run has left, and changes no file", async () => {
  await using dir = await folder();
  const path = dir.path("out.ndjson");
  const failures = dir.path("failed.jsonl");
  // It is silent from the seventh request on.
  await using server = await RawServer.start(({ send, nth }) => {
    if (nth < 7) send(ok());
  });
  const argv = ["-n", "30", "-c", "1", "-o", path, "--failures", failures, server.url("/{}")];
  const shown = await look(...argv);
  assertEquals([last(shown), await contents(dir.path())], [
    "* 30 requests in all; nothing was sent",
    {},
  ]);
  const run = await Run.open(await parse(argv));
  const ended = run.finish("1");
  await until(() => server.requests.length === 7);
  await run.stop();
  await server[Symbol.asyncDispose]();
  await ended;
  const before = await contents(dir.path());
  const done = before["out.ndjson"].split("\n").length - 1;
  assertEquals(done >= 6, true);
  const rest = await look(...argv, "--resume");
  assertEquals(numbers(rest)[0], done);
  assertEquals(last(rest), `* ${30 - done} requests left to make in all; nothing was sent`);
  await assertRejects(() => look(...argv), UsageError, "it holds");
  assertEquals(last(await look(...argv, "--overwrite")), "* 30 requests in all; nothing was sent");
  assertEquals(await contents(dir.path()), before);
});

Deno.test("dryRun() fails as the run would where it could not begin", async () => {
  await using dir = await folder();
  await assertRejects(() => look("-i", dir.path("none.txt")), UsageError, "no such file");
  await assertRejects(() => look("http://h/{name}"), UsageError, "without --input");
  const broken = await dir.write("a.gz", new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1]));
  await assertRejects(() => look("-i", broken), InputError);
});

Deno.test("--dry-run needs no permission, and its exit code tells whether all can be made", async () => {
  const { code, stdout, stderr } = await myriad(["--dry-run", "-i", "-"], {
    permissions: [],
    input: "http://h/\nx\n",
  });
  assertEquals([code, stderr], [1, ""]);
  assertStringIncludes(stdout, "> GET / HTTP/1.1\n> Host: h\n");
});
