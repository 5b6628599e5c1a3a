/**
 * Targets of records of CSV (RFC 4180).
 *
 * @module
 */
import { openRecords as openColumns, readColumns as readHeader } from "./column_targets.ts";
import { CsvReader, toFields } from "./csv.ts";
import type { Input } from "./input.ts";
import type { InputContext, ReadOptions, RecordContext, RecordTargets } from "./input_format.ts";
import { type InputLines, LineReader, type Lines } from "./lines.ts";

/** A record can go over several lines. */
export function readRecords(
  input: Pick<Input, "read" | "close">,
  options: ReadOptions,
): InputLines {
  return new CsvReader(new LineReader(input, options), options);
}

/** @throws {UsageError} If the header is wrong, or lacks a column that a template names. */
export function readColumns(records: Lines, context: InputContext): Promise<readonly string[]> {
  return readHeader(records, context, toFields);
}

/** How targets are made of the records under a header. */
export function openRecords(context: RecordContext): RecordTargets {
  return openColumns(context, toFields);
}
