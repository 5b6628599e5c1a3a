import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunFlag } from "../../lib/options/rows/flag.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";

const readFile = (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  Promise.resolve(new TextEncoder().encode(path));

async function parse(...argv: string[]): Promise<RunOptions> {
  return await parseRun(argv, "1", { readFile }) as RunOptions;
}

Deno.test("parseFlow() takes a module where others have a URL, and the URL behind it", async () => {
  const { flow, url, requests, output } = await parse("a.ts", "http://h/b", "-o", "x.ndjson");
  assertEquals([flow!.path, flow!.base, url, requests], ["a.ts", "http://h/b", "http://h/b", 1]);
  assertEquals(output!.fields!.slice(0, 3), ["i", "step", "url"]);
  for (const path of ["./a.js", "b/c.mts", "d.mjs", "e.cts"]) {
    const { flow, url } = await parse(path, "-z", "1s");
    assertEquals([flow!.path, url], [path, undefined]);
  }
  for (const url of ["http://h/a.ts", "http://h/?a.js"]) {
    assertEquals((await parse(url)).flow, undefined);
  }
});

Deno.test("parseFlow() tells flows apart by what their modules hold", async () => {
  const [a, b, again] = [await parse("a.ts"), await parse("b.ts"), await parse("a.ts")];
  assertEquals(a.flow!.hash, again.flow!.hash);
  assertEquals(a.flow!.hash === b.flow!.hash, false);
});

/** What each flag that a flow cannot have may be given. */
const GIVEN: Readonly<Record<string, string>> = {
  cluster: "nats://127.0.0.1",
  sample: "10%",
  "data-template": "x",
};

Deno.test("parseFlow() refuses the flags whose rows say why", async () => {
  const rows = (RUN_FLAGS as readonly RunFlag[]).filter(({ notWithFlow }) => notWithFlow);
  assertEquals(rows.length > 15, true);
  for (const { name, value, notWithFlow } of rows) {
    const flag = value === undefined ? [`--${name}`] : [`--${name}`, GIVEN[name] ?? "x"];
    const error = await assertRejects(() => parse("a.ts", ...flag), UsageError);
    assertEquals(
      error.message,
      `Cannot use '--${name}' with a flow: ${notWithFlow}: leave it out`,
    );
  }
});

for (
  const [argv, message] of [
    ["a.ts --threads 2", "Cannot use '--threads' with a flow"],
    ["a.ts host", "Cannot request 'host'"],
    ["a.ts http://h/ http://i/", "Cannot use 'http://i/' behind a flow and its URL: leave it out"],
    ["a.ts -H X:{i}", "Cannot use a template in 'X' with a flow: set the field in the flow"],
    ["http://h/ --iteration-timeout 1s", "'--iteration-timeout' needs a flow"],
    ["http://h/ --threshold p95@a<1s", "'--threshold p95@a<1s' needs a flow"],
    ["a.ts --threshold dns.p95@a<1s", "use one of the names"],
    ["a.ts --threshold p95@<1s", "use a name"],
  ]
) {
  Deno.test(`parseRun() refuses '${argv}'`, async () => {
    const error = await assertRejects(() => parse(...argv.split(" ")), UsageError);
    assertEquals(error.message.includes(message), true, error.message);
  });
}
