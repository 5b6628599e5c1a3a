import { UsageError } from "../../errors.ts";
import { scanRecords } from "../../output/scan_records.ts";
import { ABSENT, INTEGER, integerAt, NULL, type Scanner } from "../../scan/scanner.ts";
import type { Input } from "../../source/input.ts";
import { RequestPath } from "./request_path.ts";

const NAMES = ["url", "status", "attempts", "error"];
const URL_FIELD = 0;
const STATUS = 1;
const ATTEMPTS = 2;
const ERROR = 3;

/**
 * Takes a record that was sent.
 *
 * @param status 0 if there is no answer
 * @param attempts from 0; with 0 there is no path
 */
export type TakeRecord = (path: RequestPath, status: number, attempts: number) => void;

/**
 * Reads the records of a run, in whichever format they are.
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
  let records = 0;
  let unreadable = 0;
  const takeOne = (scanner: Scanner): void => {
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
    // An answer that is not what was expected is one all the same.
    const hasFailed = kinds[ERROR] > NULL && scanner.text(ERROR) !== "expect";
    const isAnswered = kinds[STATUS] === INTEGER && !hasFailed;
    const status = isAnswered ? integerAt(scanner, STATUS) : 0;
    if (kinds[STATUS] !== INTEGER && kinds[STATUS] !== NULL) return void unreadable++;
    if (isAnswered && (status < 100 || status > 999)) return void unreadable++;
    if (attempts > 0 && !path.takeUrl(scanner, URL_FIELD)) return void unreadable++;
    records++;
    take(path, status, attempts);
  };
  await scanRecords(input, NAMES, {
    take: takeOne,
    onFields: (has) => {
      if (has(URL_FIELD) || has(STATUS)) return;
      throw new UsageError(
        `Cannot verify '${name}': it begins with no record: give the output of a run`,
      );
    },
    onUnreadable: () => unreadable++,
    isEnough,
  });
  if (records === 0 && unreadable > 0) {
    throw new UsageError(
      `Cannot verify '${name}': none of its ${unreadable} lines is a record: give the output of a run`,
    );
  }
  return unreadable;
}
