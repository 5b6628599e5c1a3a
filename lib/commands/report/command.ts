/**
 * `myriad report`: what came of a run, from its records, or from the summaries of its parts.
 *
 * @module
 */
import { checkEnding } from "../../cli/file_endings.ts";
import { type Flag, formatFlags, parseFlags } from "../../cli/flags.ts";
import { UsageError } from "../../errors.ts";
import { DeferredFile } from "../../output/deferred_file.ts";
import { listOutputFormats } from "../../output/formats.ts";
import { isGranted } from "../../process/permission.ts";
import { formatDocument } from "../../report/json.ts";
import { formatTable } from "../../report/table.ts";
import { Histogram } from "../../stats/histogram.ts";
import { formatCount } from "../../text/format.ts";
import { compareRuns, formatDifferences, formatDifferenceTable } from "./difference.ts";
import { review } from "./read_run.ts";
import type { RunData } from "./run_data.ts";
import { toTableFigures } from "./table_figures.ts";

/** The flags of `myriad report`. */
export const REPORT_FLAGS: readonly Flag[] = [
  {
    name: "report",
    value: "FILE.html",
    help: "write a page, too: one file that opens without a network",
  },
  { name: "compare", help: "two runs side by side, each a file, with their differences" },
  { name: "json", help: "the same as JSON" },
  { name: "help", short: "h", help: "print this help" },
].map((flag) => ({ ...flag, section: "Options" }));

const HELP = `Report what came of a run, afterwards.

Usage: myriad report [OPTIONS] FILE...
       myriad report --compare [--json] A B

FILE is the output of a run, ${listOutputFormats()}, gzip or not, with any fields that have status or error;
or a summary, as --summary and --json write it. Several of one kind are the parts of one run, such
as shards: percentiles are those of all together. What the files do not tell is left out. Each
record counts, whatever its number; without the field error an answer counts as a success.
${formatFlags(REPORT_FLAGS)}
Exit codes: 0; 2 the command line or a file given to it is wrong; 3 a file broke off, or the page
or standard output cannot be written.
`;

/** What the command has of the program. */
export interface ReportContext {
  readonly version: string;
  /** Whether the table is coloured. */
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
  const { values, positionals } = parseFlags(REPORT_FLAGS, argv, "myriad report");
  if (values.help) return { text: HELP };
  if (positionals.length === 0) {
    throw new UsageError(
      "No file is given: give the output of a run, or its summary; see 'myriad report --help'",
    );
  }
  const path = values.report as string | undefined;
  if (values.compare) return await compared(positionals, path, values.json === true);
  await checkFiles(positionals, path);
  if (path !== undefined) checkEnding(path, "--report", { formats: ["html", "htm"] });
  const page = path === undefined ? undefined : await DeferredFile.open(path, "--report");
  let reviewed;
  try {
    reviewed = await review(positionals);
    await page?.write(await makePage(reviewed, positionals, version));
  } catch (error) {
    await page?.abandon().catch(() => {});
    throw error;
  }
  const text = values.json ? formatDocument(reviewed.summary) : makeTable(reviewed, color);
  return { text, notice: formatNotice(reviewed, positionals) };
}

/**
 * Each file counts once, and the page takes the place of none, however they are spelled.
 *
 * @throws {UsageError} If one is named twice, or is where the page goes.
 */
async function checkFiles(names: readonly string[], page: string | undefined): Promise<void> {
  const atPage = page === undefined ? undefined : await fileAt(page);
  const files: Deno.FileInfo[] = [];
  for (const [k, name] of names.entries()) {
    const file = await fileAt(name);
    if (name === page || isSameFile(file, atPage)) {
      throw new UsageError(`Cannot write '--report ${page}': it is read, too: give another name`);
    }
    if (names.indexOf(name) !== k || files.some((other) => isSameFile(file, other))) {
      throw new UsageError(`Cannot read '${name}' twice: give each file once`);
    }
    if (file !== undefined) files.push(file);
  }
}

/** What is known of a file; what cannot be read, its opening says. */
async function fileAt(path: string): Promise<Deno.FileInfo | undefined> {
  // To look would ask the user for the permission.
  if (path === "-" || !isGranted({ name: "read", path })) return undefined;
  return await Deno.stat(path).catch(() => undefined);
}

/** Whether both are the same; where the system gives files no numbers, nobody can tell. */
function isSameFile(a: Deno.FileInfo | undefined, b: Deno.FileInfo | undefined): boolean {
  if (a === undefined || b === undefined || !a.isFile) return false;
  return a.ino !== null && a.ino === b.ino && a.dev === b.dev;
}

async function compared(
  names: readonly string[],
  page: string | undefined,
  isJson: boolean,
): Promise<{ text: string; notice?: string }> {
  if (names.length !== 2) {
    throw new UsageError(`Cannot compare ${names.length} files: give two to '--compare'`);
  }
  if (page !== undefined) {
    throw new UsageError("'--report' has no page of '--compare': leave one of them out");
  }
  const [a, b] = [await review([names[0]]), await review([names[1]])];
  const differences = compareRuns(a.summary, b.summary);
  const both = [names[0], names[1]] as const;
  return {
    text: isJson ? formatDifferences(both, differences) : formatDifferenceTable(both, differences),
    notice: [formatNotice(a, [names[0]]), formatNotice(b, [names[1]])]
      .filter((notice) => notice !== undefined).join("; ") || undefined,
  };
}

function makeTable({ summary, tolerated }: RunData, color: boolean): string {
  return formatTable({ ...toTableFigures(summary), tolerated }, { color });
}

/** What is to be known of the files beside what they tell. */
function formatNotice(
  { unusable = 0, parts, summary }: RunData,
  names: readonly string[],
): string | undefined {
  if (unusable > 0) {
    const lines = unusable === 1 ? "1 line is" : `${formatCount(unusable)} lines are`;
    return `${lines} no record, and left out: look at ${
      names.map((name) => `'${name}'`).join(", ")
    }`;
  }
  if (parts !== undefined && summary.latency_ms === undefined) {
    return "not every summary has a histogram, so there are no percentiles of all: make them with this version";
  }
  return undefined;
}

/** Most files that a page is called by. */
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
    // Its own version made the page; that of the run is not told by records.
    summary: { ...summary, version: summary.version ?? version },
    title: names.slice(0, MAX_NAMES).map((name) => name.split("/").at(-1)).join(", ") +
      (more > 0 ? ` and ${more} more` : ""),
    madeMs: Date.now(),
    histogram: histogram && [...Histogram.from(histogram).buckets()],
  });
}
