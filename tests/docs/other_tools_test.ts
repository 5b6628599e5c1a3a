import { assert } from "@std/assert";
import { listSpellings } from "../../lib/cli/flags.ts";
import { COMMANDS } from "../../docs/generate.ts";

Deno.test("docs/from-other-tools.md names only existing flags in its last column", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/from-other-tools.md", import.meta.url));
  const { flags } = COMMANDS.find(({ name }) => name === "myriad")!;
  const names = new Set(flags.flatMap(listSpellings));
  for (const line of text.split("\n")) {
    if (!line.startsWith("| ")) continue;
    const cell = line.split("|").at(-2)!;
    for (const [, code] of cell.matchAll(/`([^`]+)`/g)) {
      const [flag] = /^--?[a-z][a-z0-9.-]*/i.exec(code) ?? [];
      assert(flag === undefined || names.has(flag), `'${flag}' in: ${line}`);
    }
  }
});
