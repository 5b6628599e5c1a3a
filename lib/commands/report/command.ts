/**
 * `myriad report`: what came of a run, from its records or from the summaries of its parts.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import { type CommandHelp, formatHelp } from "../../cli/format_help.ts";
import { count } from "../../cli/kinds.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { UsageError } from "../../errors.ts";
import { DeferredFile } from "../../output/deferred_file.ts";
import { listOutputFormats } from "../../output/formats.ts";
import { isGranted } from "../../process/permission.ts";
import { formatDocument } from "../../report/json.ts";
import { formatTable } from "../../report/table.ts";
import { Histogram } from "../../stats/histogram.ts";
import { MAX_SLOWEST } from "../../stats/slowest.ts";
import { formatCount } from "../../text/format.ts";
import { review } from "./read_run.ts";
import type { RunData } from "./record_tally.ts";

/** The flags of `myriad report`. */
export const REPORT_FLAGS = [
  {
    name: "report",
    value: "FILE.html",
    path: { access: "write", endings: { formats: ["html", "htm"] } },
    help: "also write a page: one file that opens without a network",
  },
  {
    name: "top",
    value: "N",
    kind: count({ min: 1, max: MAX_SLOWEST }),
    help: "show the N slowest responses and the N busiest hosts",
  },
  {
    name: "compare",
    excludes: ["report", "top"],
    help: "show two runs side by side, each a file, with their differences",
  },
  { name: "json", help: "print the result as JSON" },
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The help of `myriad report`. */
export const REPORT_HELP: CommandHelp = {
  about: "Report the results of an earlier run.",
  usage: ["myriad report [OPTIONS] FILE...", "myriad report --compare [--json] A B"],
  text: `FILE is the output of a run, ${listOutputFormats()}, gzip or not, with at least the field
status or error; a web archive (WARC), whose responses count; or a summary, as --summary
and --json write it. Several files of one kind are the parts of one run, such as shards:
percentiles are those of all together. The report leaves out what the files do not
tell. Each record counts, whatever its number; without the field error, a response
counts as a success.`,
  flags: REPORT_FLAGS,
  after: `Exit codes: 0; 2 the command line or a file is wrong; 3 a file broke off, or the
page or standard output cannot be written.`,
  argument: "file",
};

/** What the command needs from the program. */
export interface ReportContext {
  readonly version: string;
  /** Whether the table has colors. */
  readonly color: boolean;
}

/**
 * Runs the command.
 *
 * @param argv the command line, without the command
 * @returns what to print on standard output, and what to say beside it
 * @throws {UsageError} If the command line or a file is wrong.
 * @throws {InputError} If a file breaks off.
 * @throws {OutputError} If the page cannot be written.
 */
export async function report(
  argv: readonly string[],
  { version, color }: ReportContext,
): Promise<{ text: string; notice?: string }> {
  const values = parseFlags(REPORT_FLAGS, argv, "myriad report");
  const { positionals } = values;
  if (values.get("help")) return { text: formatHelp(REPORT_HELP) };
  if (positionals.length === 0) {
    throw new UsageError(
      "No file is given: add the output of a run, or its summary; see 'myriad report --help'",
    );
  }
  const path = values.get("report");
  if (!values.get("compare")) await checkFiles(positionals, path);
  checkFlags(values);
  if (values.get("compare")) return await compareFiles(positionals, values.get("json"));
  const page = path === undefined ? undefined : await DeferredFile.open(path, "--report");
  let reviewed;
  try {
    reviewed = await review(positionals, values.get("top"));
    await page?.write(await makePage(reviewed, positionals, version));
  } catch (error) {
    await page?.abandon().catch(() => {});
    throw error;
  }
  const text = values.get("json")
    ? formatDocument(reviewed.summary)
    : formatTable(reviewed, { color });
  return { text, notice: formatNotice(reviewed, positionals, values.has("top")) };
}

/**
 * Checks that each file is named once, and that the page replaces none of them, however they are
 * spelled.
 *
 * @throws {UsageError} If a file is named twice, or is where the page goes.
 */
async function checkFiles(names: readonly string[], page: string | undefined): Promise<void> {
  const atPage = page === undefined ? undefined : await fileAt(page);
  const files: Deno.FileInfo[] = [];
  for (const [k, name] of names.entries()) {
    const file = await fileAt(name);
    if (name === page || isSameFile(file, atPage)) {
      throw new UsageError(`Cannot write '--report ${page}': it is read, too: use another name`);
    }
    if (names.indexOf(name) !== k || files.some((other) => isSameFile(file, other))) {
      throw new UsageError(`Cannot read '${name}' twice: name each file once`);
    }
    if (file !== undefined) files.push(file);
  }
}

/** What is known of a file; undefined if it cannot be read, which its opening reports. */
async function fileAt(path: string): Promise<Deno.FileInfo | undefined> {
  // Without the permission, `stat` would ask the user for it.
  if (path === "-" || !isGranted({ name: "read", path })) return undefined;
  return await Deno.stat(path).catch(() => undefined);
}

/** Whether both are the same file; false where the system gives files no numbers. */
function isSameFile(a: Deno.FileInfo | undefined, b: Deno.FileInfo | undefined): boolean {
  if (a === undefined || b === undefined || !a.isFile) return false;
  return a.ino !== null && a.ino === b.ino && a.dev === b.dev;
}

async function compareFiles(
  names: readonly string[],
  isJson: boolean,
): Promise<{ text: string; notice?: string }> {
  if (names.length !== 2) {
    throw new UsageError(
      `Cannot compare ${
        names.length === 1 ? "1 file" : `${names.length} files`
      }: '--compare' takes two`,
    );
  }
  const [a, b] = [await review([names[0]]), await review([names[1]])];
  const { compareRuns, formatDifferences, formatDifferenceTable } = await import("./difference.ts");
  const differences = compareRuns(a.summary, b.summary);
  const both = [names[0], names[1]] as const;
  return {
    text: isJson ? formatDifferences(both, differences) : formatDifferenceTable(both, differences),
    notice: [formatNotice(a, [names[0]]), formatNotice(b, [names[1]])]
      .filter((notice) => notice !== undefined).join("; ") || undefined,
  };
}

/** What the user should know of the files. */
function formatNotice(
  { invalidLines = 0, parts, summary }: RunData,
  names: readonly string[],
  hasTop = false,
): string | undefined {
  if (invalidLines > 0) {
    const lines = invalidLines === 1
      ? "1 line is not a record and was"
      : `${formatCount(invalidLines)} lines are not records and were`;
    return `${lines} left out: look at ${names.map((name) => `'${name}'`).join(", ")}`;
  }
  if (parts !== undefined && summary.latency_ms === undefined) {
    return "not every summary has a histogram, so there are no percentiles of all: make them with this version";
  }
  if (hasTop && !summary.slowest && !summary.hosts) {
    return "'--top' shows nothing, as the files do not tell hosts and slow responses: " +
      "make summaries with --top, and records with the fields i, url, ms and at";
  }
  return undefined;
}

/** The maximum number of files that the title of a page names. */
const MAX_NAMES = 3;

async function makePage(
  { summary, ...rest }: RunData,
  names: readonly string[],
  version: string,
): Promise<string> {
  const { formatPage } = await import("../../report/page/page.ts");
  const { histogram } = summary;
  const more = names.length - MAX_NAMES;
  return await formatPage({
    ...rest,
    // Records do not tell the version of their run; the version of this program made the page.
    summary: { ...summary, version: summary.version ?? version },
    title: names.slice(0, MAX_NAMES).map((name) => name.split("/").at(-1)).join(", ") +
      (more > 0 ? ` and ${more} more` : ""),
    madeMs: Date.now(),
    histogram: histogram && [...Histogram.from(histogram).buckets()],
  });
}
