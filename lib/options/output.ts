/**
 * Where the results go, and what becomes of what is there already.
 *
 * @module
 */
import { findByEnding } from "../cli/file_endings.ts";
import { UsageError } from "../errors.ts";
import { OUTPUT_FORMAT_NAMES, OUTPUT_FORMATS, type OutputFormatName } from "../output/formats.ts";
import { DEFAULT_FIELDS, FIELDS } from "../output/record.ts";
import { redactCommand, redactTemplate } from "./redact_command.ts";
import type { OutputOptions, ReportOptions, RunOptions, SummaryFile } from "./run_options.ts";
import { SUMMARY_FORMATS } from "./summary_formats.ts";
import type { RunValues } from "./table.ts";

/** What a run is to record, as far as other flags say it. */
export interface RecordedRun {
  /** The names of what is captured, which are fields as well. */
  readonly captures: readonly string[];
  /** Whether a flow makes the requests. */
  readonly isOfFlow: boolean;
  /** Whether bodies are saved, whose places are a field. */
  readonly savesBodies: boolean;
}

/**
 * Where the records go, and how they are written; undefined where none are asked for.
 *
 * @throws {UsageError} If a field is unknown, or named twice.
 */
export function parseOutput(
  values: RunValues,
  { captures, isOfFlow, savesBodies }: RecordedRun,
): OutputOptions | undefined {
  const path = values.get("output");
  if (path === undefined) return undefined;
  const gzip = /\.gz$/i.test(path);
  const byEnding = findByEnding(OUTPUT_FORMATS, path) ?? OUTPUT_FORMAT_NAMES[0];
  const format = values.get("format") ?? byEnding;
  if (!OUTPUT_FORMATS[format].isText) checkRowFile(path, format, gzip);
  const list = values.get("fields");
  const fields = list?.split(",").map((name) => {
    if (!Object.hasOwn(FIELDS, name) && !captures.includes(name)) {
      throw new UsageError(
        `Unknown field '${name}' in '--fields ${list}': use some of ${
          [...Object.keys(FIELDS), ...captures].join(", ")
        }`,
      );
    }
    return name;
  });
  if (fields !== undefined && new Set(fields).size < fields.length) {
    throw new UsageError(`'--fields ${list}' names a field twice: use each once`);
  }
  if (fields?.includes("request_id") && !values.has("request-id")) {
    throw new UsageError(
      "'--fields' names request_id, but no request has one: add '--request-id'",
    );
  }
  const listColumns = (): string[] => [
    ...isOfFlow ? ["i", "step", ...DEFAULT_FIELDS.slice(1)] : DEFAULT_FIELDS,
    ...(savesBodies ? ["body_file"] : []),
    ...(values.has("request-id") ? ["request_id"] : []),
    ...captures,
  ];
  const { hasColumns } = OUTPUT_FORMATS[format];
  const hasAll = hasColumns || isOfFlow;
  return { path, format, gzip, fields: fields ?? (hasAll ? listColumns() : undefined) };
}

/** @throws {UsageError} If rows are to go where only text can. */
function checkRowFile(path: string, format: OutputFormatName, gzip: boolean): void {
  const why = path === "-"
    ? "standard output cannot take it"
    : gzip
    ? "such a file is compressed within"
    : undefined;
  if (why === undefined) return;
  const [ending] = OUTPUT_FORMATS[format].endings;
  throw new UsageError(
    `Cannot write '--output ${path}' as '${format}': ${why}: use a file like results.${ending}`,
  );
}

/** The files that get the summary, each with its format. */
export function parseSummaries(values: RunValues): readonly SummaryFile[] {
  return values.get("summary").map((path) => ({
    path,
    format: findByEnding(SUMMARY_FORMATS, path) ?? "json",
  }));
}

/**
 * The page of the run; undefined where none is asked for.
 *
 * @param title what the page is called; secrets of a URL are taken out
 */
export function parseReport(values: RunValues, title: string): ReportOptions | undefined {
  const path = values.get("report");
  if (path === undefined) return undefined;
  return { path, title: redactTemplate(title), command: redactCommand(values) };
}

/** Whether the run continues another one, and whether its input may have changed. */
export function parseResume(values: RunValues): RunOptions["resume"] {
  const resume = values.get("resume");
  return resume === false ? "no" : resume === true ? "yes" : resume;
}

/**
 * How the progress is shown.
 *
 * @throws {UsageError} If a drawing would be in the way of requests that are shown.
 */
export function parseProgress(values: RunValues): RunOptions["progress"] {
  if (values.get("silent")) return "none";
  const progress = values.get("progress");
  if (!values.has("verbose") || progress === "none") return progress;
  if (progress === "bar" || progress === "live") {
    throw new UsageError(
      `'--verbose' and '--progress ${progress}' contradict each other: use '--progress log'`,
    );
  }
  return "log";
}

/** Which requests are shown. */
export function parseVerbose(values: RunValues): RunOptions["verbose"] {
  const given: readonly (string | true)[] = values.get("verbose");
  if (given.length === 0) return undefined;
  return given.length > 1 || given[0] === "all" ? "all" : "first";
}

/** @throws {UsageError} If a port is picked, and nobody would learn which one. */
export function checkMetrics(values: RunValues): void {
  if (values.get("metrics")?.port !== 0 || !values.get("silent")) return;
  throw new UsageError(
    `'--silent' would not tell the port of '--metrics ${values.texts("metrics")[0]}': ` +
      "use a port of your choice, like 9464",
  );
}
