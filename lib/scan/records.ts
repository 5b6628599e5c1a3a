import type { Input } from "../source/input.ts";
import { CsvColumns, isQuoteOpen } from "./csv_columns.ts";
import { FlatJson } from "./flat_json.ts";
import { OctetBuffer } from "./octet_buffer.ts";
import { MAX_LINE_BYTES, readLines } from "./octet_lines.ts";
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
 * Reads the records of a run, NDJSON or CSV with its header, which the first octet tells apart.
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
  const open = new OctetBuffer(MAX_LINE_BYTES);
  let isOpen = false;

  const takeOne = (octets: Uint8Array, from: number, to: number): void => {
    if (scanner!.scan(octets, from, to)) take(scanner!);
    else onUnreadable();
  };
  const takeLine = (octets: Uint8Array, from: number, to: number): void => {
    if (scanner instanceof FlatJson) return takeOne(octets, from, to);
    if (scanner === undefined) {
      if (octets[from] === OPEN_BRACE) {
        scanner = new FlatJson(names);
        return takeOne(octets, from, to);
      }
      const columns = new CsvColumns(names, new TextDecoder().decode(octets.subarray(from, to)));
      onColumns(columns);
      scanner = columns;
      return;
    }
    const isOdd = isQuoteOpen(octets, from, to);
    if (!isOpen && !isOdd) return takeOne(octets, from, to);
    const hasRoom = (!isOpen || open.append(NEWLINE)) && open.append(octets.subarray(from, to));
    isOpen = isOpen !== isOdd;
    if (!hasRoom) onUnreadable();
    else if (isOpen) return;
    else takeOne(open.octets, 0, open.length);
    isOpen = false;
    open.length = 0;
  };
  await readLines(input, takeLine, onUnreadable, isEnough);
  if (isOpen) onUnreadable();
}
