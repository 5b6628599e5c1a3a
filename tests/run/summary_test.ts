import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

Deno.test("--summary writes each file in the format of its ending, without secrets", async () => {
  await using server = await RawServer.start(({ send }) => send(ok("hello")));
  await using dir = await folder();
  const paths = ["s.json", "s.md", "s.xml"].map((name) => dir.path(name));
  const ran = await myriad([
    ...["-s", "-n", "5", server.url("/{}").replace("//", "//user:hunter2@")],
    ...paths.flatMap((path) => ["--summary", path]),
    ...["--expect-status", "200", "--expect-body", "^bye$", "--expect-header", "x-token: hunter3"],
    ...["--threshold", "failed<10%"],
  ]);
  assertEquals(ran.code, 1);
  const [json, markdown, junit] = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  assertEquals(JSON.parse(json).failed, 5);
  assertMatch(markdown, /^# myriad: failed\n/);
  assertStringIncludes(markdown, "| `--expect-header x-token` | 5 | 100.0 % |");
  assertStringIncludes(
    junit,
    '<testcase classname="myriad.expectations" name="--expect-status 200"',
  );
  assertStringIncludes(junit, 'name="--expect-body ^bye$"');
  assertStringIncludes(junit, '<failure type="threshold" message="100.0 %">');
  for (const text of [json, markdown, junit]) assertEquals(/hunter[23]/.exec(text), null);
});
