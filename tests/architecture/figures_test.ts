import { assert, assertEquals } from "@std/assert";
import { FIGURE_ROWS, FIGURES } from "../../lib/stats/figures.ts";

const LIB = new URL("../../lib/", import.meta.url);

/** The only files that a new figure of the summary has to be added to: its row, and its type. */
const TABLE: readonly string[] = ["stats/figures.ts", "stats/summary.ts"];

/**
 * The files that work on all figures, and what each names of them: a kind of value that has the name
 * of its figure, or a figure that others are worked out from. A new figure adds to no list.
 */
const DERIVED: Readonly<Record<string, readonly string[]>> = {
  "commands/report/difference.ts": ["errors", "latency_ms", "statuses"],
  "commands/report/merge.ts": [
    ...["attempts", "errors", "flow_tally", "histogram", "late"],
    ...["own_late_histogram", "phase_histograms"],
    ...["requests", "seconds", "started", "statuses", "succeeded"],
  ],
  "commands/report/summary.ts": [
    ...["bytes", "errors", "failed", "histogram", "late", "requests", "statuses", "succeeded"],
    "thresholds",
  ],
  "metrics/families.ts": ["histogram", "version"],
  "report/json.ts": ["histogram", "late"],
  "stats/thresholds.ts": ["bytes", "requests", "seconds", "thresholds"],
};

/** The files that show or count some figures in ways of their own; a new figure can do without. */
const PARTICULAR: readonly string[] = [
  "commands/report/command.ts",
  "commands/report/record_tally.ts",
  "report/markdown.ts",
  "report/page/page.ts",
  "report/phases.ts",
  "report/page/tables.ts",
  "report/table.ts",
];

Deno.test("a metric or threshold without a value of its own has its figure's statistic", () => {
  for (const [key, { of, metrics = [], thresholds = [] }] of FIGURE_ROWS) {
    const isOwn = [...metrics, ...thresholds].every((row) => row.of !== undefined);
    assert(isOwn || typeof of === "string", key);
  }
});

/** The words of a file's code; what stands in quotes is a word if it is nothing else. */
async function readWords(file: string | URL): Promise<ReadonlySet<string>> {
  const text = await Deno.readTextFile(new URL(file, LIB));
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, "").replace(/^import[^;]*;/gm, "");
  const tokens = code.match(/"[^"\n]*"|[\w$]+/g) ?? [];
  return new Set(tokens.map((token) => token.replaceAll('"', "")));
}

async function* walk(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* walk(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}

Deno.test("the files that work on all figures name only those that others are derived from", async () => {
  for (const [file, names] of Object.entries(DERIVED)) {
    const words = await readWords(file);
    assertEquals(Object.keys(FIGURES).filter((key) => words.has(key)).sort(), [...names], file);
  }
});

Deno.test("a figure is named in the table, and in no other file without a reason", async () => {
  // Names of one word mean other things, too. `compare` measures other programs, by the same name.
  const keys = Object.keys(FIGURES).filter((key) => key.includes("_"));
  const known = [...TABLE, ...Object.keys(DERIVED), ...PARTICULAR, "commands/compare/report.ts"];
  const wrong: string[] = [];
  for await (const file of walk(LIB)) {
    const name = file.href.slice(LIB.href.length);
    if (known.includes(name)) continue;
    const words = await readWords(file);
    wrong.push(...keys.filter((key) => words.has(key)).map((key) => `${name} has ${key}`));
  }
  assertEquals(wrong, []);
});
