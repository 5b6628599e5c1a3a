import { UsageError } from "../../errors.ts";
import { listFiles } from "../../output/list_files.ts";
import { scanRecords } from "../../output/scan_records.ts";
import { ABSENT } from "../../scan/scanner.ts";
import { Input } from "../../source/input.ts";
import type { KnownSummary } from "../../stats/summary.ts";
import { countErrorStatuses } from "../../stats/status_counts.ts";
import { cutHosts, toHostFigures, toSlowRequest } from "../../stats/top.ts";
import { mergeSummaries } from "./merge.ts";
import { RecordTally, type RunData } from "./record_tally.ts";
import { NAMES, RunRecord } from "./run_record.ts";
import { SourceFile, type SourceKind } from "./source_file.ts";
import { parseSummary } from "./summary.ts";

const STATUS = NAMES.indexOf("status");
const ERROR = NAMES.indexOf("error");

/** What messages call the kinds of files, in the order in which they name them. */
const NOUNS: Readonly<Record<SourceKind, string>> = {
  summary: "a summary",
  archive: "an archive",
  records: "records",
};
const ORDER = Object.keys(NOUNS);

type Review = (
  files: readonly SourceFile[],
  names: readonly string[],
  top: number | undefined,
) => Promise<RunData>;

const REVIEWS: Readonly<Record<SourceKind, Review>> = {
  summary: ofSummaries,
  records: ofRecords,
  archive: ofArchives,
};

/**
 * Reads the records of a run, its archives, or the summaries of its parts. Each file is read once, in
 * flat memory.
 *
 * @param named the files; what a run has written beside one of them is read, too
 * @param top how many hosts and slow responses the summary has at most; undefined for what
 * summaries have, and none of records
 * @throws {UsageError} If a file cannot be read, holds something else, or not all are of one kind.
 * @throws {InputError} If one breaks off.
 */
export async function review(named: readonly string[], top?: number): Promise<RunData> {
  const names = await listFiles(named);
  const inputs: Input[] = [];
  try {
    // All are opened before one is read, so that a wrong name is reported at once.
    for (const name of names) inputs.push(await Input.open(name, name));
    const files: SourceFile[] = [];
    for (const input of inputs) files.push(await SourceFile.open(input));
    const { kind } = files[0];
    const other = files.findIndex((file) => file.kind !== kind);
    if (other >= 0) {
      const kinds = files.map((file) => file.kind);
      const [a, b] = [0, other].sort((a, b) => ORDER.indexOf(kinds[a]) - ORDER.indexOf(kinds[b]));
      throw new UsageError(
        `Cannot put '${names[a]}' and '${names[b]}' together: one is ${NOUNS[kinds[a]]}, ` +
          `the other ${NOUNS[kinds[b]]}: pass files of one kind`,
      );
    }
    return await REVIEWS[kind](files, names, top);
  } finally {
    for (const input of inputs) input.close();
  }
}

async function ofSummaries(
  files: readonly SourceFile[],
  names: readonly string[],
  top: number = Infinity,
): Promise<RunData> {
  const summaries: KnownSummary[] = [];
  for (const [k, file] of files.entries()) {
    const text = await file.text();
    if (text === undefined) {
      throw new UsageError(`Cannot read '${names[k]}': it is too long for a summary`);
    }
    summaries.push(parseSummary(text, names[k]));
  }
  const parts = summaries.map(({ requests, failed, seconds = 0 }, k) => ({
    name: names[k],
    requests,
    failed,
    seconds,
  }));
  const all = mergeSummaries(summaries);
  const summary = {
    ...all,
    slowest: all.slowest && all.slowest.slice(0, top),
    hosts: all.hosts && cutHosts(all.hosts, top),
  };
  const { statuses, errors } = summary;
  // Where a response was not as expected, the user did say what to expect.
  const isKnown = statuses !== undefined && errors !== undefined && errors.expect === undefined;
  return {
    summary,
    hosts: summary.hosts?.map(toHostFigures),
    slowest: summary.slowest?.map(toSlowRequest),
    parts: parts.length > 1 ? parts : undefined,
    tolerated: isKnown ? countErrorStatuses(statuses) : undefined,
  };
}

async function ofRecords(
  files: readonly SourceFile[],
  names: readonly string[],
  top: number | undefined,
): Promise<RunData> {
  const tally = new RecordTally(top);
  let invalidLines = 0;
  for (const [k, file] of files.entries()) {
    invalidLines += await readInto(tally, file, names[k]);
  }
  return { ...tally.review(), invalidLines };
}

async function ofArchives(
  files: readonly SourceFile[],
  names: readonly string[],
  top: number | undefined,
): Promise<RunData> {
  const { readResponses } = await import("./archived_response.ts");
  const tally = new RecordTally(top);
  for (const [k, file] of files.entries()) {
    for await (const response of readResponses(file, names[k])) tally.add(response);
  }
  return tally.review();
}

/** @returns how many lines are not records */
async function readInto(tally: RecordTally, file: SourceFile, name: string): Promise<number> {
  const record = new RunRecord();
  let records = 0;
  let invalidLines = 0;
  const lacks = (): never => {
    throw new UsageError(
      `Cannot report on '${name}': its records have neither 'status' nor 'error': make them with one of these in --fields`,
    );
  };
  await scanRecords(file, NAMES, {
    onFields: (has) => {
      if (has(STATUS) || has(ERROR)) return;
      if (NAMES.some((_, field) => has(field))) lacks();
      throw new UsageError(
        `Cannot report on '${name}': its first line is not a record: pass the output of a run, or what --summary wrote`,
      );
    },
    take: (scanner) => {
      if (!record.take(scanner)) {
        const isLacking = scanner.kinds[STATUS] === ABSENT &&
          scanner.kinds[ERROR] === ABSENT;
        if (isLacking && records === 0 && scanner.kinds.some((kind) => kind !== ABSENT)) lacks();
        return void invalidLines++;
      }
      records++;
      tally.add(record);
    },
    onUnreadable: () => void invalidLines++,
  });
  if (records === 0 && invalidLines > 0) {
    throw new UsageError(
      `Cannot report on '${name}': none of its ${invalidLines} lines is a record: pass the output of a run, or what --summary wrote`,
    );
  }
  return invalidLines;
}
