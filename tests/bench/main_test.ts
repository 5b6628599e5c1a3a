import { assert, assertEquals } from "@std/assert";
import { myriadCommand } from "../../bench/root.ts";
import { runCommand } from "../../bench/meter.ts";

const ROOT = new URL("../../", import.meta.url);
const MAIN = new URL("bench/main.ts", ROOT).pathname;

/** Runs `deno task bench`. */
async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return (await runCommand([Deno.execPath(), "run", "--quiet", "--allow-all", MAIN, ...args]))!;
}

/** The names in the list of `--help`. */
async function listNames(): Promise<string[]> {
  const { stdout } = await bench("--help");
  return [...stdout.matchAll(/^\| ([a-z]+) \| .* \| \d+ (?:s|min) \|$/gm)].map(([, name]) => name);
}

Deno.test("bench --help lists each file of benches/ with the time it takes", async () => {
  const files = [];
  for await (const { name } of Deno.readDir(new URL("bench/benches/", ROOT))) {
    files.push(name.replace(/\.ts$/, ""));
  }
  assertEquals((await listNames()).toSorted(), files.toSorted());
});

Deno.test("bench has all benches that the documents name", async () => {
  const names = await listNames();
  const documents = [new URL("bench/README.md", ROOT)];
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name.endsWith(".md")) documents.push(new URL(`docs/${name}`, ROOT));
  }
  let named = 0;
  for (const document of documents) {
    const text = await Deno.readTextFile(document);
    for (const [command, words] of text.matchAll(/deno task bench((?: [a-z]+)+)/g)) {
      for (const name of words.trim().split(" ")) {
        named++;
        assert(names.includes(name), `${document.pathname} names '${command}'`);
      }
    }
  }
  assert(named > 0);
});

for (
  const [args, message] of [
    [["nothing"], "Unknown bench 'nothing'"],
    [["pool", "--scale", "0"], "Cannot use '--scale 0'"],
    [["pool", "--rounds", "0.5"], "Cannot use '--rounds 0.5'"],
    [["before"], "'before' needs '--base COMMIT'"],
    [["before", "--base", "no-such-commit"], "Cannot use '--base no-such-commit'"],
    [["--nothing"], "Unknown option '--nothing'"],
  ] as const
) {
  Deno.test(`bench ${args.join(" ")} ends with exit code 2 and says why`, async () => {
    const { code, stdout, stderr } = await bench(...args);
    assertEquals([code, stdout], [2, ""]);
    assert(stderr.includes(message), stderr);
  });
}

Deno.test("myriadCommand() starts the program from the folder that it is given", () => {
  const [, run, ...rest] = myriadCommand(["--version"], "/somewhere");
  assertEquals([run, ...rest.slice(-2)], ["run", "/somewhere/main.ts", "--version"]);
});
