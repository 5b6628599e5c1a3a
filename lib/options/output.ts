/**
 * Where the results go, and what becomes of what is there already.
 *
 * @module
 */
import { checkEnding, type Endings, findByEnding, listEndings } from "../cli/file_endings.ts";
import type { ParsedFlags } from "../cli/flags.ts";
import { UsageError } from "../errors.ts";
import { OUTPUT_FORMAT_NAMES, OUTPUT_FORMATS } from "../output/formats.ts";
import { DEFAULT_FIELDS, FIELDS } from "../output/record.ts";
import { redactCommand, redactUrl } from "./redact_command.ts";
import type { OutputOptions, ReportOptions, RunOptions } from "./run_options.ts";
import { FLAGS } from "./table.ts";
import type { FlagValues } from "./values.ts";

/** @param captures the names of what is captured, which are fields as well */
export function parseOutput(
  values: FlagValues,
  captures: readonly string[],
): OutputOptions | undefined {
  const path = values.text("output");
  if (path === undefined) {
    for (const name of ["format", "fields", "capture"]) {
      if (values.has(name)) {
        throw new UsageError(`'--${name}' is given without '--output': give both`);
      }
    }
    return undefined;
  }
  const gzip = /\.gz$/i.test(path);
  const byEnding = findByEnding(OUTPUT_FORMATS, path) ?? OUTPUT_FORMAT_NAMES[0];
  const format = values.oneOf("format", OUTPUT_FORMAT_NAMES, byEnding);
  const list = values.text("fields");
  const fields = list?.split(",").map((name) => {
    if (!Object.hasOwn(FIELDS, name) && !captures.includes(name)) {
      throw new UsageError(
        `Cannot give the field '${name}' of '--fields ${list}': give some of ${
          [...Object.keys(FIELDS), ...captures].join(", ")
        }`,
      );
    }
    return name;
  });
  if (fields !== undefined && new Set(fields).size < fields.length) {
    throw new UsageError(`'--fields ${list}' names a field twice: give each once`);
  }
  if (fields?.includes("request_id") && !values.has("request-id")) {
    throw new UsageError(
      "'--fields' names request_id, and '--request-id' is not given: give both",
    );
  }
  const columns = (): string[] => [
    ...DEFAULT_FIELDS,
    ...(values.has("save-bodies") ? ["body_file"] : []),
    ...(values.has("request-id") ? ["request_id"] : []),
    ...captures,
  ];
  return {
    path,
    format,
    gzip,
    fields: fields ?? (OUTPUT_FORMATS[format].hasColumns ? columns() : undefined),
  };
}

export function parseReport(values: FlagValues, given: ParsedFlags): ReportOptions | undefined {
  const path = values.text("report");
  if (path === undefined) return undefined;
  const [url] = given.positionals;
  return {
    path,
    title: url === undefined ? redactUrl(`URLs of ${values.text("input")}`) : redactUrl(url),
    command: redactCommand(given, FLAGS),
  };
}

export function parseResume(values: FlagValues): RunOptions["resume"] {
  const output = values.text("output");
  for (const name of ["resume", "overwrite", "retry-failed"]) {
    if (!values.has(name)) continue;
    if (output === undefined) {
      // Bodies can be there without records.
      if (name === "overwrite" && values.has("save-bodies")) continue;
      throw new UsageError(`'--${name}' is given without '--output': give both`);
    }
    if (output === "-") {
      throw new UsageError(`'--${name}' needs an output that is a file: give '--output FILE'`);
    }
  }
  for (const name of ["resume", "retry-failed"]) {
    if (values.has(name) && values.isOn("overwrite")) {
      throw new UsageError(`'--${name}' and '--overwrite' contradict each other: give one of them`);
    }
  }
  return !values.has("resume") ? "no" : values.text("resume") === "force" ? "force" : "yes";
}

/** What cannot go to standard output. */
const NEVER_STDOUT: readonly string[] = ["cookie-jar", "save-bodies", "report"];

/** How the names of files can end. */
const ENDINGS: Readonly<Record<string, Endings>> = {
  output: { formats: listEndings(OUTPUT_FORMATS), gzip: true },
  failures: { formats: ["jsonl", "ndjson", "json"] },
  summary: { formats: ["json"] },
  hdr: { formats: [] },
  report: { formats: ["html", "htm"] },
  "cookie-jar": { formats: [] },
  "save-bodies": { formats: [] },
};

/** @throws {UsageError} If a file would not hold what its name promises. */
export function checkEndings(values: FlagValues): void {
  for (const [name, endings] of Object.entries(ENDINGS)) {
    const path = values.isOn(name) ? undefined : values.text(name);
    if (path === undefined) continue;
    const isGiven = name === "output" && values.has("format");
    checkEnding(path, `--${name}`, isGiven ? { ...endings, formats: "any" } : endings);
  }
}

/** Nothing is written to where something else is, or where the input is read from. */
export function checkPathConflicts(values: FlagValues): void {
  const bare = (path: string): string => path.replace(/^(\.\/+)+/, "");
  const seen = new Map<string, string>();
  for (
    const name of [
      "config",
      "input",
      "output",
      "failures",
      "hdr",
      "summary",
      "report",
      "json",
      "cookie-jar",
      "save-bodies",
    ]
  ) {
    if (!values.has(name) || (name === "cookie-jar" && values.isOn(name))) continue;
    if (values.text(name) === "-" && NEVER_STDOUT.includes(name)) {
      throw new UsageError(`'--${name}' cannot go to standard output: give it a name`);
    }
    if (name === "input" && values.text(name) === "-") continue;
    const place = name === "json" ? "-" : bare(values.text(name)!);
    const other = seen.get(place);
    if (other !== undefined) {
      const what = place === "-" ? "standard output" : `the file '${place}'`;
      throw new UsageError(
        `'--${other}' and '--${name}' both want ${what}: give one of them another`,
      );
    }
    seen.set(place, name);
  }
  const output = values.text("output");
  if (output === undefined || output === "-") return;
  for (const [place, name] of seen) {
    // Its journal, and what that is replaced by, begin so.
    if (place.startsWith(`${bare(output)}.myriad`)) {
      throw new UsageError(
        `'--${name} ${place}' is where the journal of '--output' goes: give it another name`,
      );
    }
  }
}
