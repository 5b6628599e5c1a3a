import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  COMMANDS,
  listFields,
  PAGES_WITH_TABLES,
  readSchemas,
  withTables,
} from "../../docs/generate.ts";
import { formatFlags } from "../../lib/cli/format_flags.ts";
import { REFUSED } from "../../lib/options/submission.ts";

const DOCS = new URL("../../docs/", import.meta.url);

const read = (name: string): Promise<string> => Deno.readTextFile(new URL(name, DOCS));

Deno.test("the generated tables of the documents are up to date", async () => {
  const schemas = await readSchemas();
  for (const name of PAGES_WITH_TABLES) {
    const page = await read(name);
    assertEquals(page, withTables(page, schemas), `${name}: run 'deno task docs'`);
  }
});

Deno.test("docs/flags.md has a row for each flag of each command, and no other row", async () => {
  const page = await read("flags.md");
  const chapters = page.split(/^## (?=myriad)/m).slice(1);
  assertEquals(chapters.length, COMMANDS.length);
  for (const [k, { name, flags }] of COMMANDS.entries()) {
    assert(chapters[k].startsWith(`${name}\n`), name);
    const rows = Array.from(
      chapters[k].matchAll(/^\| (?:`-\w`, )?`--([\w.-]+)`(?:, `[^`]+`)* +\|/gm),
    );
    const inHelp = Array.from(formatFlags(flags).matchAll(/^ {2}(?:-\w, | {4})--([\w.-]+)/gm));
    assertEquals(rows.map(([, flag]) => flag), inHelp.map(([, flag]) => flag), name);
    assertEquals(rows.length, flags.length, name);
  }
});

Deno.test("docs/output.md has a row for each field of records and summaries", async () => {
  const page = await read("output.md");
  const { record, summary } = await readSchemas();
  const fields = [...listFields(record), ...listFields(summary)];
  assert(fields.length > 80, `${fields.length} fields`);
  for (const { path } of fields) assertStringIncludes(page, `\n| \`${path}\` `);
});

Deno.test("docs/cluster.md has each flag that is refused with --cluster, and why", async () => {
  const page = (await read("cluster.md")).replaceAll(/ +/g, " ");
  for (const [name, why] of REFUSED) assertStringIncludes(page, `| \`--${name}\` | ${why} |`);
});

/** Flags of Deno, V8, gzip and timeout that the documents name. */
const OF_OTHERS = new Set(
  "allow-net deny-net allow-env allow-ffi allow-read allow-write global name import-map v8-flags max-semi-space-size heap-growing-percent keep signal"
    .split(" ").map((name) => `--${name}`),
);

Deno.test("the documents name only flags that exist", async () => {
  const known = new Set(COMMANDS.flatMap(({ flags }) => flags.map(({ name }) => `--${name}`)));
  const unknown: string[] = [];
  for (
    const name of [
      "../README.md",
      "requests.md",
      "inputs.md",
      "load.md",
      "engines.md",
      "checks.md",
      "output.md",
    ]
  ) {
    const text = await read(name);
    for (const [flag] of text.matchAll(/(?<![\w-])--[a-z0-9]+(?:[-.][a-z0-9]+)*(?![\w-])/g)) {
      if (!known.has(flag) && !OF_OTHERS.has(flag)) unknown.push(`${name}: ${flag}`);
    }
  }
  assertEquals(unknown, []);
});
