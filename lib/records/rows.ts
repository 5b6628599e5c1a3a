import type { Input } from "../source/input.ts";
import { CsvColumns, isQuoteOpen } from "./csv_columns.ts";
import { FlatJson } from "./flat_json.ts";
import { OctetBuffer } from "./octet_buffer.ts";
import { MAX_LINE_BYTES, readLines } from "./octet_lines.ts";
import type { Scanner } from "./scanner.ts";

const OPEN_BRACE = 0x7b;
const NEWLINE = new Uint8Array([0x0a]);

/** Takes what {@linkcode readRows} finds. */
export interface RowTaker {
  /** The first record of CSV; throws if it is not the header of what is wanted. */
  takeHeader(columns: CsvColumns): void;
  /** A record, whose fields the scanner has until it returns. */
  take(scanner: Scanner): void;
  /** A line that is none. */
  takeUnreadable(): void;
}

/**
 * Reads records, NDJSON or CSV with its header, which the first octet tells apart, and closes the
 * input.
 *
 * @param names the fields to find, which are then known by their place in it
 * @param isEnough asked between blocks whether to end
 * @throws {InputError} If the input breaks off.
 */
export async function readRows(
  input: Pick<Input, "read" | "close">,
  names: readonly string[],
  taker: RowTaker,
  isEnough?: () => boolean,
): Promise<void> {
  let scanner: Scanner | undefined;
  /** The lines so far of a record of CSV whose quote is open. */
  const open = new OctetBuffer(MAX_LINE_BYTES);
  let isOpen = false;

  const takeOne = (octets: Uint8Array, from: number, to: number): void => {
    if (scanner!.scan(octets, from, to)) taker.take(scanner!);
    else taker.takeUnreadable();
  };
  const takeLine = (octets: Uint8Array, from: number, to: number): void => {
    if (scanner instanceof FlatJson) return takeOne(octets, from, to);
    if (scanner === undefined) {
      if (octets[from] === OPEN_BRACE) {
        scanner = new FlatJson(names);
        return takeOne(octets, from, to);
      }
      const columns = new CsvColumns(names, new TextDecoder().decode(octets.subarray(from, to)));
      taker.takeHeader(columns);
      scanner = columns;
      return;
    }
    const isOdd = isQuoteOpen(octets, from, to);
    if (!isOpen && !isOdd) return takeOne(octets, from, to);
    const hasRoom = (!isOpen || open.append(NEWLINE)) && open.append(octets.subarray(from, to));
    isOpen = isOpen !== isOdd;
    if (!hasRoom) taker.takeUnreadable();
    else if (isOpen) return;
    else takeOne(open.octets, 0, open.length);
    isOpen = false;
    open.length = 0;
  };
  await readLines(input, takeLine, () => taker.takeUnreadable(), isEnough);
  if (isOpen) taker.takeUnreadable();
}
