/**
 * Opens the outputs of a run: its records, and the requests that failed.
 *
 * @module
 */
import { createFailureFormatter, type RunDefaults } from "./failure_lines.ts";
import { OUTPUT_FORMATS, type OutputFormatName } from "./formats.ts";
import { LineOutput } from "./line_output.ts";
import { type LineFile, openFile, STDOUT } from "./line_writer.ts";
import type { Output, RecordOptions } from "./output.ts";

/** What the user asks of the records of a run. */
export interface RecordsOptions {
  readonly output: Pick<RecordOptions, "gzip" | "fields"> & {
    readonly path: string;
    readonly format: OutputFormatName;
  };
  readonly captures: readonly { readonly name: string }[];
}

/**
 * Opens the output of a run's records, and changes nothing.
 *
 * @param file the file, opened to be written; by default standard output
 */
export async function openRecords(
  { output: { path, format, gzip, fields }, captures }: RecordsOptions,
  file: LineFile = STDOUT,
): Promise<Output> {
  const { open } = await OUTPUT_FORMATS[format].loadWriter();
  return await open({
    file,
    name: `--output ${path}`,
    gzip,
    fields,
    captures: captures.map(({ name }) => name),
    isForTerminal: path === "-" && Deno.stdout.isTerminal(),
  });
}

/**
 * Opens the output of the requests that failed, and changes nothing. A file that is not there is
 * made, and only its owner may read it: it can hold what the input held, as bodies.
 *
 * @throws {UsageError} If it cannot be written.
 */
export async function openFailures(path: string, run: RunDefaults): Promise<Output> {
  const file = path === "-"
    ? STDOUT
    : (await openFile(path, { flag: "--failures", mode: 0o600 })).file;
  const name = `--failures ${path}`;
  return new LineOutput({ file, name, gzip: false }, createFailureFormatter(run));
}
