import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { readModules } from "../fixtures/module_graph.ts";
import { MAIN, myriad } from "../fixtures/program.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => Deno.readTextFileSync(new URL(path, ROOT));

const LOCK: {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
} = JSON.parse(read("deno.lock"));

/** Packages as the page lists them: `name@version`. */
const LISTED = [...read("docs/dependencies.md").matchAll(/^\| `([@\w/-]+)`\s*\| ([\d.]+)\s*\|/gm)]
  .map(([, name, version]) => `${name}@${version}`).sort();

/** `name@version` of a specifier such as `npm:@a/b@1.0.0/c.js`. */
function toPackage(specifier: string): string | undefined {
  return /^npm:\/?((?:@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+)(?:\/|$)/.exec(specifier)?.[1];
}

Deno.test("each dependency is pinned with its integrity, and listed", () => {
  const imported = Object.values(config.imports).map((specifier) => {
    const name = toPackage(specifier) ?? "";
    assert(name !== "", `${specifier} is not one exact version of npm`);
    return name;
  });
  // Of what is imported, and of what that imports.
  assertEquals(Object.keys(LOCK.npm).sort(), LISTED);
  assertEquals([...new Set(imported)].filter((name) => !LISTED.includes(name)), []);
  const locked = Object.keys(LOCK.specifiers).map((specifier) => toPackage(specifier) ?? "");
  assertEquals([...new Set(imported)].sort(), locked.sort());
  for (const [name, { integrity }] of Object.entries(LOCK.npm)) {
    assertMatch(integrity ?? "", /^sha512-[\w+/]{86}==$/, name);
  }
});

Deno.test("each action of the workflows is pinned to a commit, and listed", () => {
  for (const { name } of Deno.readDirSync(new URL(".github/workflows/", ROOT))) {
    const text = read(`.github/workflows/${name}`);
    for (const [, used] of text.matchAll(/uses: *(.*)/g)) {
      const [, action] = /^([\w-]+\/[\w-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.exec(used) ?? [];
      assert(action !== undefined, `${name} uses ${used}`);
      assert(read("docs/dependencies.md").includes(`\`${action}\``), action);
    }
  }
});

/** The packages that the program always has: a heap and a queue of a schedule. */
const AT_START = ["@std/data-structures/binary-heap", "@std/data-structures/deque"];

Deno.test("no dependency is loaded at the start, and none asks for a permission", async () => {
  const modules = new Map((await readModules(MAIN)).map((module) => [module.specifier, module]));
  // What a run without flags loads: these two by themselves, others by what they import.
  const waiting = [MAIN, "lib/run/run.ts", "lib/options/parse.ts", "lib/progress/progress.ts"]
    .map((path) => new URL(path, ROOT).href);
  const seen = new Set<string>();
  const packages = new Set<string>();
  for (let file; (file = waiting.pop()) !== undefined;) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (file.startsWith("npm:")) packages.add(file.replace("npm:/", "npm:"));
    for (const { isDynamic, code } of modules.get(file)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) waiting.push(code.specifier);
    }
  }
  const imports: Readonly<Record<string, string>> = config.imports;
  assertEquals([...packages].sort(), AT_START.map((name) => imports[name]));

  // Types are not there when it runs.
  const names = Object.keys(config.imports).filter((name) =>
    !name.endsWith("/") && !name.startsWith("uplot/")
  );
  const { stdout, stderr, code } = await myriad(names, {
    script: new URL("tests/fixtures/import_all.ts", ROOT).pathname,
    permissions: ["--no-prompt"],
  });
  assertEquals([stderr, stdout, code], ["", `${names.length}\n`, 0]);
});
