import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { openFailures } from "../../lib/output/open_output.ts";
import { Run } from "../../lib/run/run.ts";
import { folder } from "../fixtures/folder.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";

const RUN = { method: "GET", headers: [], body: undefined };

async function modeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).mode! & 0o777;
}

Deno.test("openFailures() closes a file with credentials to others, also one that is there", async () => {
  await using dir = await folder();
  for (const name of ["new", "old"]) {
    const path = dir.path(name);
    if (name === "old") await Deno.writeTextFile(path, "", { mode: 0o644 });
    const output = await openFailures(path, { ...RUN, failuresWithSecrets: true });
    await output.close();
    assertEquals(await modeOf(path), 0o600, name);
  }
  // What holds none is left as it is.
  const path = dir.path("plain");
  await Deno.writeTextFile(path, "", { mode: 0o644 });
  await (await openFailures(path, RUN)).close();
  assertEquals(await modeOf(path), 0o644);
});

Deno.test("openFailures() keeps no credentials in what is not a file", async () => {
  const error = await assertRejects(
    () => openFailures("/dev/null", { ...RUN, failuresWithSecrets: true }),
    UsageError,
  );
  assertEquals(
    error.message,
    "Cannot keep credentials in '--failures /dev/null': it is not a file: name one",
  );
});

for (const threads of [1, 2]) {
  Deno.test(`--failures says that it leaves out credentials, and --failures-with-secrets makes the requests again (${threads} threads)`, async () => {
    await using dir = await folder();
    let isBroken = true;
    const seen: string[] = [];
    await using server = await RawServer.start(({ send, request }) => {
      seen.push(/authorization: (.*)/i.exec(request)?.[1] ?? "");
      return send(isBroken ? "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n" : ok());
    });
    const line = (i: number) =>
      JSON.stringify({ url: server.url(`/${i}`), headers: { Authorization: `key ${i}` } });
    const input = await dir.write(
      "in.jsonl",
      Array.from({ length: 20 }, (_, i) => `${line(i)}\n`).join(""),
    );
    const failures = dir.path("failures.jsonl");
    const make = async (...argv: string[]): Promise<string[]> => {
      const all = ["--fail", "--no-pause", "-c", "4", "--threads", `${threads}`, ...argv];
      const notices: string[] = [];
      const run = await Run.open(
        await parseRun(all, "1") as RunOptions,
        (text) => notices.push(text),
      );
      assertEquals((await run.finish("1")).failure, undefined);
      return notices;
    };
    assertEquals(await make("-i", input, "--failures", failures), [
      `credentials of requests are left out of '--failures ${failures}', so that they cannot be ` +
      "made again from it alone: --failures-with-secrets keeps them, in a file that only you can read",
    ]);
    assertEquals((await Deno.readTextFile(failures)).includes("key"), false);
    assertEquals(await make("-i", input, "--failures", failures, "--failures-with-secrets"), []);
    assertEquals(await modeOf(failures), 0o600);
    isBroken = false;
    seen.length = 0;
    await make("-i", failures);
    assertEquals(seen.sort(), Array.from({ length: 20 }, (_, i) => `key ${i}`).sort());
  });
}
