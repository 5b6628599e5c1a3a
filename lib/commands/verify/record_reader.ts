import { UsageError } from "../../errors.ts";
import { scanRecords } from "../../output/scan_records.ts";
import { ABSENT, INTEGER, integerAt, NULL, type ScannedFields } from "../../scan/scanner.ts";
import type { Input } from "../../source/input.ts";
import { RequestPath } from "./request_path.ts";

const NAMES = ["url", "status", "attempts", "error"];
const URL_FIELD = 0;
const STATUS = 1;
const ATTEMPTS = 2;
const ERROR = 3;

/**
 * Handles a record.
 *
 * @param status 0 if there was no response
 * @param attempts from 0; with 0 the path is invalid
 */
export type OnRecord = (path: RequestPath, status: number, attempts: number) => void;

/**
 * Reads the records of a run, in whichever format they are.
 *
 * @param name the argument that names the file, for messages
 * @param isEnough tells between blocks whether to stop
 * @returns how many lines are not records
 * @throws {UsageError} If the records lack a needed field, or all lines are not records.
 * @throws {InputError} If the input breaks off.
 */
export async function readRecords(
  input: Input,
  name: string,
  onRecord: OnRecord,
  isEnough?: () => boolean,
): Promise<number> {
  const path = new RequestPath();
  let records = 0;
  let unreadable = 0;
  const readRecord = (scanner: ScannedFields): void => {
    const { kinds } = scanner;
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
    const attempts = integerAt(scanner, ATTEMPTS);
    // A response that is not as expected is a response, too.
    const hasFailed = kinds[ERROR] > NULL && scanner.text(ERROR) !== "expect";
    const isAnswered = kinds[STATUS] === INTEGER && !hasFailed;
    const status = isAnswered ? integerAt(scanner, STATUS) : 0;
    if (kinds[STATUS] !== INTEGER && kinds[STATUS] !== NULL) return void unreadable++;
    if (isAnswered && (status < 100 || status > 999)) return void unreadable++;
    if (attempts > 0 && !path.readUrl(scanner, URL_FIELD)) return void unreadable++;
    records++;
    onRecord(path, status, attempts);
  };
  await scanRecords(input, NAMES, {
    take: readRecord,
    onFields: (has) => {
      if (has(URL_FIELD) || has(STATUS)) return;
      throw new UsageError(
        `Cannot verify '${name}': it does not begin with a record: use the output of a run`,
      );
    },
    onUnreadable: () => unreadable++,
    isEnough,
  });
  if (records === 0 && unreadable > 0) {
    throw new UsageError(
      `Cannot verify '${name}': none of its ${unreadable} lines is a record: use the output of a run`,
    );
  }
  return unreadable;
}
