import { UsageError } from "../flags.ts";
import type { Input } from "../source/input.ts";
import { CsvColumns, isQuoteOpen } from "./csv_columns.ts";
import { FlatJson } from "./flat_json.ts";
import { OctetBuffer } from "./octet_buffer.ts";
import { MAX_LINE_BYTES, readLines } from "./octet_lines.ts";
import { RequestPath } from "./request_path.ts";
import { ABSENT, INTEGER, integerAt, NULL, type Scanner } from "./scanner.ts";

const NAMES = ["url", "status", "attempts", "error"];
const URL_FIELD = 0;
const STATUS = 1;
const ATTEMPTS = 2;
const ERROR = 3;

const OPEN_BRACE = 0x7b;
const NEWLINE = new Uint8Array([0x0a]);

/**
 * Takes a record that was sent.
 *
 * @param status 0 if there is no answer
 * @param attempts from 0; with 0 there is no path
 */
export type TakeRecord = (path: RequestPath, status: number, attempts: number) => void;

/**
 * Reads the records of a run, NDJSON or CSV with its header, which the first octet tells apart.
 *
 * @param name the argument that names the file, for messages
 * @param isEnough asked between blocks whether to end
 * @returns how many lines are no record
 * @throws {UsageError} If the records lack a field that is needed, or none is a record.
 * @throws {InputError} If the input breaks off.
 */
export async function readRecords(
  input: Input,
  name: string,
  take: TakeRecord,
  isEnough?: () => boolean,
): Promise<number> {
  const path = new RequestPath();
  let scanner: Scanner | undefined;
  let records = 0;
  let unreadable = 0;
  /** The lines so far of a record of CSV whose quote is open. */
  const open = new OctetBuffer(MAX_LINE_BYTES);
  let isOpen = false;

  const takeOne = (octets: Uint8Array, from: number, to: number): void => {
    if (!scanner!.scan(octets, from, to)) return void unreadable++;
    const { kinds } = scanner!;
    const lacking = [URL_FIELD, STATUS, ATTEMPTS].find((field) => kinds[field] === ABSENT);
    if (lacking !== undefined) {
      if (records > 0) return void unreadable++;
      throw new UsageError(
        `Cannot verify '${name}': its records have no '${
          NAMES[lacking]
        }': make them with --fields that has url, status and attempts`,
      );
    }
    if (kinds[ATTEMPTS] !== INTEGER) return void unreadable++;
    const attempts = integerAt(scanner!, ATTEMPTS);
    // An answer that is not what was expected is one all the same.
    const hasFailed = kinds[ERROR] > NULL && scanner!.text(ERROR) !== "expect";
    const isAnswered = kinds[STATUS] === INTEGER && !hasFailed;
    const status = isAnswered ? integerAt(scanner!, STATUS) : 0;
    if (kinds[STATUS] !== INTEGER && kinds[STATUS] !== NULL) return void unreadable++;
    if (isAnswered && (status < 100 || status > 999)) return void unreadable++;
    if (attempts > 0 && !path.takeUrl(scanner!, URL_FIELD)) return void unreadable++;
    records++;
    take(path, status, attempts);
  };
  const takeLine = (octets: Uint8Array, from: number, to: number): void => {
    if (scanner instanceof FlatJson) return takeOne(octets, from, to);
    if (scanner === undefined) {
      if (octets[from] === OPEN_BRACE) {
        scanner = new FlatJson(NAMES);
        return takeOne(octets, from, to);
      }
      const columns = new CsvColumns(NAMES, new TextDecoder().decode(octets.subarray(from, to)));
      if (!columns.has(URL_FIELD) && !columns.has(STATUS)) {
        throw new UsageError(
          `Cannot verify '${name}': it begins with no record: give the output of a run`,
        );
      }
      scanner = columns;
      return;
    }
    const isOdd = isQuoteOpen(octets, from, to);
    if (!isOpen && !isOdd) return takeOne(octets, from, to);
    const hasRoom = (!isOpen || open.append(NEWLINE)) && open.append(octets.subarray(from, to));
    isOpen = isOpen !== isOdd;
    if (!hasRoom) unreadable++;
    else if (isOpen) return;
    else takeOne(open.octets, 0, open.length);
    isOpen = false;
    open.length = 0;
  };
  await readLines(input, takeLine, () => unreadable++, isEnough);
  if (isOpen) unreadable++;
  if (records === 0 && unreadable > 0) {
    throw new UsageError(
      `Cannot verify '${name}': none of its ${unreadable} lines is a record: give the output of a run`,
    );
  }
  return unreadable;
}
