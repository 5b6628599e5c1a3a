import { assert, assertEquals } from "@std/assert";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { Run } from "../../lib/run/run.ts";
import { flowScene } from "../fixtures/flow_run.ts";
import { Markdown, ROOT } from "../fixtures/markdown.ts";

// The flows of docs/flows.md that are shown beside those of k6, and their commands.

const TEXT = await Deno.readTextFile(`${ROOT}docs/flows.md`);
const { blocks, prose } = new Markdown(TEXT);

/** The site that the flows are written for. */
async function answer(request: Request, path: string): Promise<Response> {
  if (path === "/login") return Response.json({ token: `of ${(await request.json()).user}` });
  if (path === "/me") {
    const isKnown = request.headers.get("authorization")?.startsWith("Bearer of ");
    return new Response(null, { status: isKnown ? 200 : 401 });
  }
  if (path === "/products") {
    return Response.json({ items: [1, 2, 3].map((k) => ({ url: `/products/${k}` })) });
  }
  return Response.json({ price: Number(path.slice("/products/".length)) });
}

/** The modules of the page by name: what stands above a block is its name. */
function listModules(): Map<string, string> {
  return new Map(blocks.flatMap(({ language, line, text }) => {
    const [, name] = /^`(\w+\.ts)`:$/.exec(prose.get(line - 2) ?? "") ?? [];
    if (name !== undefined) return [[name, text]];
    return language === "csv" ? [["users.csv", text]] : [];
  }));
}

const commands = blocks.filter(({ marks }) => marks.some((mark) => mark.includes("flows_test.ts")))
  .flatMap(({ text }) => text.trim().split("\n"));

for (const command of commands) {
  Deno.test(`docs/flows.md: '${command}' does what it says`, async () => {
    await using scene = await flowScene(answer);
    for (const [name, text] of listModules()) await scene.dir.write(name, text);
    const [myriad, run, module, base, ...flags] = command.split(" ")
      .map((word) => word.replaceAll("'", ""));
    assertEquals([myriad, run, base], ["myriad", "run", "http://localhost:8080"]);
    const argv = [scene.dir.path(module), scene.url, ...flags];
    const { snapshot, failure } = await (await Run.open(await parseRun(argv, "1") as RunOptions))
      .finish("1");
    assertEquals([failure, snapshot.failed, snapshot.flow!.failed], [undefined, 0, 0]);
    assert(snapshot.flow!.iterations > 0);
    assert(snapshot.flow!.checks.every(({ passed, failed }) => passed > 0 && failed === 0));
    assert(snapshot.thresholds.every(({ holds }) => holds));
  });
}

Deno.test("docs/flows.md has a command for each module that it shows beside one of k6", () => {
  assert(commands.length > 5, `${commands.length}`);
  const named = [...listModules().keys()].filter((name) => name.endsWith(".ts"));
  const used = new Set(commands.map((command) => command.split(" ")[2]));
  assertEquals([...used].sort(), named.toSorted());
});
