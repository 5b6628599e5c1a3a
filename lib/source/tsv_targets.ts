/**
 * Targets of records of TSV, as IANA has it (text/tab-separated-values): each line is a record, and
 * each TAB ends a field. Quotes are characters like others.
 *
 * @module
 */
import { openRecords as openColumns, readColumns as readHeader } from "./column_targets.ts";
import type { InputContext, RecordContext, RecordTargets } from "./input_format.ts";
import type { Lines } from "./lines.ts";

export { readRecords } from "./line_targets.ts";

/** @throws {UsageError} If the header is wrong, or lacks a column that a template names. */
export function readColumns(records: Lines, context: InputContext): Promise<readonly string[]> {
  return readHeader(records, context, toFields);
}

/** How targets are made of the records under a header. */
export function openRecords(context: RecordContext): RecordTargets {
  return openColumns(context, toFields);
}

function toFields(record: string): readonly string[] {
  return record.split("\t");
}
