import { assert, assertEquals } from "@std/assert";
import { readModules } from "../fixtures/module_graph.ts";

const ROOT = new URL("../../", import.meta.url);
const TEXT = await Deno.readTextFile(new URL("docs/architecture.md", ROOT));

/** The text of a section, up to the next one. */
function section(heading: string): string {
  return TEXT.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))!;
}

Deno.test("docs/architecture.md has a row for each room", () => {
  const rows = section("Rooms");
  for (const { name, isDirectory } of Deno.readDirSync(new URL("lib", ROOT))) {
    const room = isDirectory ? `lib/${name}/` : `lib/${name}`;
    assert(rows.includes(`\`${room}\``), `'${room}' has no row`);
  }
});

Deno.test("docs/architecture.md draws each room above all that it imports", async () => {
  const drawn = /```text\n([^`]+)```/.exec(section("Who may import whom"))![1];
  const heights = new Map(
    drawn.trimEnd().split("\n").reverse()
      .flatMap((row, height) => row.split(/ +/).map((room) => [room, height] as const)),
  );
  const heightOf = (file: string): number | undefined =>
    heights.get(file) ?? heights.get(/^lib\/\w+\//.exec(file)?.[0] ?? "");
  const wrong: string[] = [];
  for (const [file, others] of await imports()) {
    assert(heightOf(file) !== undefined, `${file} is not drawn`);
    for (const other of others) {
      if (heightOf(other)! > heightOf(file)!) wrong.push(`${file} imports ${other}`);
    }
  }
  assertEquals(wrong, []);
});

/** The files that each file of the program imports, types too. */
async function imports(): Promise<Map<string, string[]>> {
  const files = ["main.ts", "server.ts", "lib/mod.ts"].map((name) => new URL(name, ROOT).pathname);
  const graph = new Map<string, string[]>();
  for (const file of files) {
    for (const { specifier, dependencies = [] } of await readModules(file)) {
      const others = dependencies.flatMap(({ code, type }) => [code?.specifier, type?.specifier])
        .filter((other) => other?.startsWith(ROOT.href) && other.endsWith(".ts"))
        .map((other) => other!.slice(ROOT.href.length));
      if (!specifier.startsWith(ROOT.href) || !specifier.endsWith(".ts")) continue;
      graph.set(specifier.slice(ROOT.href.length), others);
    }
  }
  return graph;
}
