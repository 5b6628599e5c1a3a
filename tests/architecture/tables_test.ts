import { assertEquals } from "@std/assert";
import { ENGINE_NAMES } from "../../lib/engine/engines.ts";
import { OUTPUT_FORMAT_NAMES } from "../../lib/output/formats.ts";
import { INPUT_FORMAT_NAMES } from "../../lib/source/formats.ts";

// What is listed once is known by one table: another file that has a name of a row as a text has
// to be changed with the table.

const ROOT = new URL("../../lib/", import.meta.url);

/** Files, or folders, in which the names may stand all the same, and why. */
const EXCEPTIONS: readonly (readonly [file: string, names: readonly string[], why: string])[] = [
  // tests/client/read_options_test.ts holds them against the table.
  ["client/options.ts", ["auto", "http1", "http2", "fetch"], "a type that other programs see"],
  // tests/client/records_test.ts holds them against the table.
  ["client/records.ts", ["ndjson", "csv", "parquet", "sqlite"], "a type that other programs see"],
  ["engine/options.ts", ["auto"], "a transport of this name"],
  ["engine/sockets/connection_pool.ts", ["auto", "http1", "http2"], "what three rows may speak"],
  ["engine/sockets/socket_engine.ts", ["http1", "http2"], "it is the engine of three rows"],
  ["engine/transport/open.ts", ["auto"], "a transport of this name"],
  ["commands/compare/strategies", ["http1"], "a strategy of this name"],
  ["commands/curl/translate.ts", ["http2"], "an option of curl, and a flag of this name"],
  ["engine/fetch/clients.ts", ["http2"], "a client that speaks nothing else"],
  ["commands/serve/command.ts", ["ndjson", "jsonl"], "endings of the access log"],
  ["commands/verify/log_formats.ts", ["ndjson"], "a format of access logs"],
  ["options/", ["auto"], "a display of this name"],
  ["options/rows/connection.ts", ["http2"], "a flag of this name"],
  ["options/rows/output.ts", ["ndjson", "jsonl"], "endings of --failures"],
  ["progress/", ["auto"], "a display of this name"],
];

async function* sources(folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

for (
  const [what, table, names] of [
    ["input formats", "source/formats.ts", INPUT_FORMAT_NAMES],
    ["output formats", "output/formats.ts", OUTPUT_FORMAT_NAMES],
    ["engines", "engine/engines.ts", ENGINE_NAMES],
  ] as const
) {
  Deno.test(`the names of ${what} stand in lib/${table} only`, async () => {
    const found: string[] = [];
    for await (const file of sources()) {
      // The tables share names, as `csv`.
      if (/(^|\/)(formats|engines)\.ts$/.test(file)) continue;
      const text = await Deno.readTextFile(new URL(file, ROOT));
      for (const name of names) {
        // An engine says its own name.
        if (file.startsWith("engine/") && text.includes(`readonly name = "${name}";`)) continue;
        const isException = EXCEPTIONS.some(([start, known]) =>
          file.startsWith(start) && known.includes(name)
        );
        if (!isException && new RegExp(`(["'\`])${name}\\1`).test(withoutComments(text))) {
          found.push(`lib/${file}: '${name}'`);
        }
      }
    }
    assertEquals(found, []);
  });
}

/** The text without comments; a line of one begins with a star or two slashes. */
function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !/^\s*(?:\*|\/\*|\/\/)/.test(line)).join("\n");
}
