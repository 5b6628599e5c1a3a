/**
 * Records as Parquet. The files are written by this program itself: after a kill it goes on behind the
 * row groups that are in a file, and a library's writer has to write a file from its beginning.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { measureSize } from "../line_writer.ts";
import type { Output, RecordOptions } from "../output.ts";
import { ParquetOutput } from "./parquet_output.ts";

export { createRowFormatter as createFormatter } from "../rows/row_lines.ts";

/**
 * Opens an output of Parquet.
 *
 * @throws {UsageError} If it is not a file, or the disk is at fault.
 */
export async function open(options: RecordOptions): Promise<Output> {
  const { file, name } = options;
  let why = "it is not a file: use a file";
  try {
    if (await measureSize(file) !== undefined) return new ParquetOutput(options);
  } catch (error) {
    why = describeWriteError(error);
  }
  file.close();
  throw new UsageError(`Cannot write '${name}': ${why}`);
}
