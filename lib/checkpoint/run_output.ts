import { dirname } from "node:path";
import { UsageError } from "../errors.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import { measureSize, openFile } from "../output/line_writer.ts";
import { openRecords } from "../output/open_output.ts";
import type { Output } from "../output/output.ts";
import { lockFile } from "../process/file_lock.ts";
import { describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";
import { JournalFile, toLogPath } from "./journal_file.ts";
import type { JournalStore } from "./journal_store.ts";
import { JournalTable } from "./journal_table.ts";
import { isResuming, refuseOutput, type ResumeOptions } from "./resume_options.ts";

/** The output of a run's records as it was found, locked, and where its journal is. */
export interface RunOutput {
  readonly output: Output;
  readonly journal: JournalStore;
  /** Whether it was not there before. */
  readonly isNew: boolean;
  /** Its size in bytes; undefined where it is not a file that a journal could stand beside. */
  readonly size: number | undefined;
}

/**
 * Opens the output of a run's records, and locks it. It changes nothing, except that it makes an
 * empty output if it is missing.
 *
 * @throws {UsageError} If it cannot be written, or another run writes it.
 */
export function openRunOutput(options: ResumeOptions): Promise<RunOutput> {
  return OUTPUT_FORMATS[options.output.format].isDatabase
    ? openDatabase(options)
    : openJournaledFile(options);
}

/** Its journal is a table in it, and its lock is the database's own. */
async function openDatabase(options: ResumeOptions): Promise<RunOutput> {
  const { path } = options.output;
  const log = toLogPath(toJournalPath(options));
  const paths = options.sync === "always" ? [path, log] : [path];
  if (
    !paths.every((path) => isGranted({ name: "write", path }) && isGranted({ name: "read", path }))
  ) refuseMissing(options, paths, paths);
  const output = await openRecords(options);
  const { isNew, size } = output.database!;
  return { output, journal: new JournalTable(output.database!, log), isNew, size };
}

async function openJournaledFile(options: ResumeOptions): Promise<RunOutput> {
  const { path } = options.output;
  // All that it needs at once: otherwise the user would be told of one after another.
  if (!isGranted({ name: "write", path })) checkPermissions(options);
  // Who opens a named pipe waits for its reader, which a table of columns cannot go to.
  const takesPipe = OUTPUT_FORMATS[options.output.format].isText;
  if (!takesPipe && await isOther(path)) refuseOutput(options, "it is not a file: use a file");
  const { file, isNew } = await openFile(path, { flag: "--output" });
  const output = await openRecords(options, file);
  // First the lock, since another run may be writing it; that run may have found this new file.
  if (!await lockFile(file)) {
    await output.close();
    refuseOutput(options, "another run writes it: wait for its end");
  }
  try {
    const size = await measureSize(file);
    if (size !== undefined) checkPermissions(options);
    else if (isResuming(options)) refuseOutput(options, "it is not a file: use a file");
    return {
      output,
      journal: new JournalFile(toJournalPath(options), options.sync !== "never"),
      isNew,
      size,
    };
  } catch (error) {
    await output.close();
    if (isNew) await Deno.remove(path);
    if (error instanceof UsageError) throw error;
    return refuseOutput(options, describeWriteError(error));
  }
}

/** Whether it is there, and neither a file nor a folder. */
async function isOther(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => !info.isFile && !info.isDirectory, () => false);
}

/** Where a retry copies the records of an output that stay, before they replace it. */
export function toRetryCopy(path: string): string {
  return `${path}.retry`;
}

/** Where the journal of an output is. */
function toJournalPath({ output }: ResumeOptions): string {
  return `${output.path}.myriad`;
}

function checkPermissions(options: ResumeOptions): void {
  const journal = toJournalPath(options);
  const { path } = options.output;
  const ofRetry = options.retryFailed ? [toRetryCopy(path), `${journal}.retry`] : [];
  // To rename a file takes the permission to read it.
  const read = [`${journal}.tmp`, ...ofRetry];
  // What a folder has is on the disk once the folder is. Others do without a log if need be.
  if (options.sync === "always") read.push(toLogPath(journal), dirname(path));
  const written = [path, journal, ...read];
  if (isResuming(options)) read.push(journal);
  if (options.retryFailed) read.push(path);
  if (OUTPUT_FORMATS[options.output.format].listParts !== undefined) {
    // How many parts there will be is not known.
    for (const paths of [written, read]) paths.splice(0, Infinity, dirname(path));
  }
  if (
    !written.every((path) => isGranted({ name: "write", path })) ||
    !read.every((path) => isGranted({ name: "read", path }))
  ) refuseMissing(options, written, read);
}

function refuseMissing(
  options: ResumeOptions,
  written: readonly string[],
  read: readonly string[],
): never {
  const flags = `${formatAllow("write", written)} ${formatAllow("read", read)}`;
  refuseOutput(options, `no permission for it and its journal: run with ${flags}`);
}
