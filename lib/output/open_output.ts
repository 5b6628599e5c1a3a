/**
 * Opens the outputs of a run: its records, and the requests that failed.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { describeWriteError } from "../process/os_error.ts";
import { createFailureFormatter, type RunDefaults } from "./failure_lines.ts";
import { OUTPUT_FORMATS, type OutputFormatName } from "./formats.ts";
import { LineOutput } from "./line_output.ts";
import { type LineFile, measureSize, openFile, STDOUT, withoutSync } from "./line_writer.ts";
import type { FormatOptions, Output, RecordOptions, SyncMode } from "./output.ts";
import { RecordEncoder } from "./record_encoder.ts";

/** The mode of a file that only its owner can read. */
const OWNER_ONLY = 0o600;

/** What the user asks of the records of a run. */
export interface RecordsOptions {
  readonly output: Pick<RecordOptions, "gzip" | "fields"> & {
    readonly path: string;
    readonly format: OutputFormatName;
  };
  readonly captures: readonly { readonly name: string }[];
  /** @default "interval" */
  readonly sync?: SyncMode;
  /** The archive of exchanges, whose places the main thread puts into records of others. */
  readonly archive?: unknown;
  /** The number of the thread that formats records, from 0. @default 0 */
  readonly thread?: number;
}

/**
 * Opens the output of a run's records, and changes nothing.
 *
 * @param file the file, opened to be written; by default standard output
 */
export async function openRecords(
  options: RecordsOptions,
  file: LineFile = STDOUT,
): Promise<Output> {
  const { path, format, gzip } = options.output;
  const { open } = await OUTPUT_FORMATS[format].loadWriter();
  const isSynced = options.sync !== "never";
  return await open({
    file: isSynced || file === STDOUT ? file : withoutSync(file),
    path,
    name: `--output ${path}`,
    gzip,
    isSynced,
    ...toFormatOptions(options),
  });
}

/**
 * Opens the encoder of a run's records.
 *
 * @param isForOther whether another thread writes them: then they are compressed here
 */
export async function openRecordEncoder(
  options: RecordsOptions,
  isForOther = true,
): Promise<RecordEncoder> {
  const { format, gzip } = options.output;
  const { createFormatter } = await OUTPUT_FORMATS[format].loadWriter();
  // Places cannot be put into what is compressed.
  const isPacked = isForOther && gzip && options.archive === undefined;
  return await RecordEncoder.open(createFormatter(toFormatOptions(options)), isPacked);
}

function toFormatOptions(
  { output: { path, fields }, captures, thread }: RecordsOptions,
): FormatOptions {
  return {
    thread,
    fields,
    captures: captures.map(({ name }) => name),
    isForTerminal: path === "-" && Deno.stdout.isTerminal(),
  };
}

/**
 * Opens the output of the requests that failed, and changes nothing. A file that is not there is
 * made, and only its owner may read it: it can hold what the input held, as bodies. One that is to
 * hold credentials is closed to others, too, if it is there.
 *
 * @throws {UsageError} If it cannot be written.
 */
export async function openFailures(
  path: string,
  run: RunDefaults & Pick<RecordsOptions, "sync">,
): Promise<Output> {
  const opened = path === "-"
    ? STDOUT
    : (await openFile(path, { flag: "--failures", mode: OWNER_ONLY })).file;
  if (run.failuresWithSecrets) await closeToOthers(path, opened);
  const file = run.sync === "never" ? withoutSync(opened) : opened;
  const name = `--failures ${path}`;
  return new LineOutput({ file, name, gzip: false }, createFailureFormatter(run));
}

/** @throws {UsageError} If others could read what is written there. */
async function closeToOthers(path: string, file: LineFile): Promise<void> {
  const fail = (why: string): never => {
    throw new UsageError(`Cannot keep credentials in '--failures ${path}': ${why}`);
  };
  try {
    if (await measureSize(file) === undefined) fail("it is not a file: name one");
    if (Deno.build.os !== "windows") await Deno.chmod(path, OWNER_ONLY);
  } catch (error) {
    file.close?.();
    if (error instanceof UsageError) throw error;
    fail(`it cannot be closed to others: ${describeWriteError(error)}`);
  }
}

/** Opens the encoder of the requests that failed. */
export function openFailureEncoder(run: RunDefaults): Promise<RecordEncoder> {
  return RecordEncoder.open(createFailureFormatter(run), false);
}
