import { assert, assertEquals } from "@std/assert";
import { runCommand } from "../../bench/meter.ts";
import { myriadCommand } from "../../bench/root.ts";
import { listDocuments, ROOT } from "../fixtures/markdown.ts";
import { DENO_RUN } from "../fixtures/program.ts";

const MAIN = `${ROOT}bench/main.ts`;

/** Runs `deno task bench`. */
async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return (await runCommand([...DENO_RUN, "--allow-all", MAIN, ...args]))!;
}

/** The names in the list of `--help`. */
async function listNames(): Promise<string[]> {
  const { stdout } = await bench("--help");
  return [...stdout.matchAll(/^\| ([a-z]+) \| .* \| \d+ (?:s|min) \|$/gm)].map(([, name]) => name);
}

Deno.test("bench --help lists each file of benches/ with the time it takes", async () => {
  const files = [];
  for await (const { name } of Deno.readDir(`${ROOT}bench/benches`)) {
    files.push(name.replace(/\.ts$/, ""));
  }
  assertEquals((await listNames()).toSorted(), files.toSorted());
});

Deno.test("bench has all benches that the documents name", async () => {
  const names = await listNames();
  const commands = listDocuments().flatMap((document) =>
    [...Deno.readTextFileSync(ROOT + document).matchAll(/deno task bench((?: [a-z]+)+)/g)]
      .map(([command, words]) => ({ document, command, words: words.trim().split(" ") }))
  );
  for (const { document, command, words } of commands) {
    for (const name of words) {
      assert(names.includes(name), `${document} has the command '${command}'`);
    }
  }
  const documented = commands.flatMap(({ words }) => words);
  assertEquals(names.filter((name) => !documented.includes(name)), []);
});

for (
  const [args, message] of [
    [["nothing"], "Unknown bench 'nothing'"],
    [["pool", "--scale", "0"], "Cannot use '--scale 0'"],
    [["pool", "--rounds", "0.5"], "Cannot use '--rounds 0.5'"],
    [["deaths", "--seed", "0.5"], "Cannot use '--seed 0.5'"],
    [["before"], "'before' needs '--base COMMIT'"],
    [["before", "--base", "no-such-commit"], "Cannot use '--base no-such-commit'"],
    [["long", "--transport", "pigeon"], "Cannot use '--transport pigeon'"],
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
  const [, run, ...rest] = myriadCommand(["--version"], { root: "/somewhere" });
  assertEquals([run, ...rest.slice(-2)], ["run", "/somewhere/main.ts", "--version"]);
});
