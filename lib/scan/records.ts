import type { Input } from "../source/input.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { MAX_LINE_BYTES, readLines } from "./byte_lines.ts";
import { CsvColumns, isQuoteOpen } from "./csv_columns.ts";
import { FlatJson } from "./flat_json.ts";
import type { Scanner } from "./scanner.ts";

const OPEN_BRACE = 0x7b;
const NEWLINE = new Uint8Array([0x0a]);

/** What becomes of records that are read. */
export interface RecordUse {
  /** Takes a record; the scanner has the next one when it returns. */
  take(scanner: Scanner): void;
  /** Told the columns of CSV, before the first record; it may throw. */
  onColumns(columns: CsvColumns): void;
  /** Called for each line, or record of several, that is none. */
  onUnreadable(): void;
  /** Asked between blocks whether to end. */
  isEnough?: (() => boolean) | undefined;
}

/**
 * Reads the records of a run, NDJSON or CSV with its header, which the first byte tells apart.
 *
 * @param names the fields to find, which are then known by their place in it
 * @throws {InputError} If the input breaks off.
 */
export async function scanRecords(
  input: Pick<Input, "read" | "close">,
  names: readonly string[],
  { take, onColumns, onUnreadable, isEnough }: RecordUse,
): Promise<void> {
  let scanner: Scanner | undefined;
  /** The lines so far of a record of CSV whose quote is open. */
  const open = new ByteBuffer(MAX_LINE_BYTES);
  let isOpen = false;

  const takeOne = (bytes: Uint8Array, from: number, to: number): void => {
    if (scanner!.scan(bytes, from, to)) take(scanner!);
    else onUnreadable();
  };
  const takeLine = (bytes: Uint8Array, from: number, to: number): void => {
    if (scanner instanceof FlatJson) return takeOne(bytes, from, to);
    if (scanner === undefined) {
      if (bytes[from] === OPEN_BRACE) {
        scanner = new FlatJson(names);
        return takeOne(bytes, from, to);
      }
      const columns = new CsvColumns(names, new TextDecoder().decode(bytes.subarray(from, to)));
      onColumns(columns);
      scanner = columns;
      return;
    }
    const isOdd = isQuoteOpen(bytes, from, to);
    if (!isOpen && !isOdd) return takeOne(bytes, from, to);
    const hasRoom = (!isOpen || open.append(NEWLINE)) && open.append(bytes.subarray(from, to));
    isOpen = isOpen !== isOdd;
    if (!hasRoom) onUnreadable();
    else if (isOpen) return;
    else takeOne(open.bytes, 0, open.length);
    isOpen = false;
    open.length = 0;
  };
  await readLines(input, takeLine, onUnreadable, isEnough);
  if (isOpen) onUnreadable();
}
