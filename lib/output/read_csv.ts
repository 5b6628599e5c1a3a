/**
 * Reads records of CSV with a header.
 *
 * @module
 */
import { ByteBuffer } from "../byte_buffer.ts";
import { MAX_LINE_BYTES, readLines } from "../scan/byte_lines.ts";
import { CsvColumns, isQuoteOpen } from "../scan/csv_columns.ts";
import { copyLines, type LineUse } from "./copy_lines.ts";
import type { CopyOptions, Position, RecordInput } from "./output.ts";

const NEWLINE = new Uint8Array([0x0a]);

/** Reads the records of an input, which can go over several lines, and closes it. */
export async function read(
  input: RecordInput,
  names: readonly string[],
  { take, onHeader, onFields, onUnreadable, isEnough }: LineUse,
): Promise<void> {
  let columns: CsvColumns | undefined;
  /** The lines so far of a record whose quote is open. */
  const open = new ByteBuffer(MAX_LINE_BYTES);
  let isOpen = false;

  const takeOne = (bytes: Uint8Array, from: number, to: number): void => {
    if (columns!.scan(bytes, from, to)) take(columns!, bytes, from, to);
    else onUnreadable();
  };
  const takeLine = (bytes: Uint8Array, from: number, to: number, end: number): void => {
    if (columns === undefined) {
      const header = new CsvColumns(names, new TextDecoder().decode(bytes.subarray(from, to)));
      onFields?.((field) => header.has(field));
      onHeader?.(bytes, from, to);
      columns = header;
      return;
    }
    const isOdd = isQuoteOpen(bytes, from, to);
    if (!isOpen && !isOdd) return takeOne(bytes, from, to);
    const isOpenBehind = isOpen !== isOdd;
    // A line break within quotes belongs to the field, with its CR.
    const hasRoom = open.append(bytes.subarray(from, isOpenBehind ? end : to)) &&
      (!isOpenBehind || open.append(NEWLINE));
    isOpen = isOpenBehind;
    if (!hasRoom) onUnreadable();
    else if (isOpen) return;
    else takeOne(open.bytes, 0, open.length);
    isOpen = false;
    open.length = 0;
  };
  await readLines(input, takeLine, onUnreadable, isEnough);
  if (isOpen) onUnreadable();
}

/** Copies a header and records under it. */
export function copy(options: CopyOptions): Promise<Position> {
  return copyLines(read, options);
}
