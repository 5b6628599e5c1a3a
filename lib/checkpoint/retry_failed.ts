/**
 * What `--retry-failed` begins with: the records of an output that stay, and which requests are to
 * be made again.
 *
 * @module
 */
import { UsageError } from "../flags.ts";
import type { OutputOptions } from "../options.ts";
import { Places } from "./places.ts";
import { type BlockWriter, openBlocks } from "../sink/blocks.ts";
import { CsvReader, fieldsOf } from "../source/csv.ts";
import { Input } from "../source/input.ts";
import { type Numbering, placeOf } from "../source/range.ts";
import { LineReader, type Lines, TooLong } from "../source/lines.ts";

/** What a record says, as far as it matters here. */
interface Verdict {
  readonly i: number;
  readonly hasFailed: boolean;
}

/**
 * Copies the records that are no failures.
 *
 * @param to where to; it is made anew
 * @param numbering the numbers of the whole run
 * @returns which places had failed, and how long the copy is
 * @throws {UsageError} If the output cannot be read as what it should be.
 */
export async function keepGood(
  output: OutputOptions,
  to: string,
  numbering: Numbering,
): Promise<{ failed: Places; length: number }> {
  const { path, format, gzip } = output;
  const fail = (why: string): never => {
    throw new UsageError(`Cannot retry what failed of '--output ${path}': ${why}`);
  };
  const failed = new Places();
  const lines: Lines = new LineReader(await Input.open(path));
  const records = format === "csv" ? new CsvReader(lines) : lines;
  let copy: BlockWriter | undefined;
  try {
    copy = await openBlocks(to, { flag: "--retry-failed", gzip });
    const verdictOf = format === "csv" ? await csvVerdicts(records, copy, fail) : verdictOfLine;
    for (;;) {
      const step = records.next();
      const { value, done } = step instanceof Promise ? await step : step;
      if (done) break;
      if (value instanceof TooLong) fail("it holds a record of more than 1 MiB");
      const verdict = verdictOf(value as string);
      if (verdict === undefined) return fail("its records have no fields 'i' and 'status'");
      if (verdict.hasFailed) failed.add(placeOf(verdict.i, numbering));
      else await copy.write(`${value}\n`);
    }
    const length = await copy.sync();
    return { failed, length };
  } finally {
    records.return?.();
    await copy?.close();
  }
}

function verdictOfLine(line: string): Verdict | undefined {
  const { i, status, error } = JSON.parse(line);
  if (typeof i !== "number" || (status === undefined && error === undefined)) return undefined;
  return { i, hasFailed: status === null || typeof error === "string" };
}

/** Copies the header, and tells how the records under it are to be read. */
async function csvVerdicts(
  records: Lines,
  copy: BlockWriter,
  fail: (why: string) => never,
): Promise<(record: string) => Verdict | undefined> {
  const { value } = await records.next();
  if (typeof value !== "string") return fail("it has no header");
  await copy.write(`${value}\n`);
  const names = value.split(",");
  const [i, status, error] = ["i", "status", "error"].map((name) => names.indexOf(name));
  return (record) => {
    const fields = fieldsOf(record);
    if (typeof fields === "string" || i < 0 || (status < 0 && error < 0)) return undefined;
    const isEmpty = (place: number): boolean => fields[place] === "";
    return {
      i: Number(fields[i]),
      hasFailed: (status >= 0 && isEmpty(status)) || (error >= 0 && !isEmpty(error)),
    };
  };
}
