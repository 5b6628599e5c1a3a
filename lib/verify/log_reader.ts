import { UsageError } from "../flags.ts";
import type { Input } from "../source/input.ts";
import { CombinedLog } from "./combined_log.ts";
import { FlatJson } from "../scan/flat_json.ts";
import { readLines } from "../scan/octet_lines.ts";
import { RequestPath } from "./request_path.ts";
import { INTEGER, integerAt, type Scanner } from "../scan/scanner.ts";

/** `combined` is the common format, too. */
export type LogFormat = "auto" | "ndjson" | "combined";

const PATH = 0;
const STATUS = 1;

const OPEN_BRACE = 0x7b;

/** Takes a request of a server's log; its status is 0 to 999. */
export type TakeRequest = (path: RequestPath, status: number) => void;

/**
 * Reads the log of a server, by default each line in the format that its first octet tells.
 *
 * @param name the argument that names the file, for messages
 * @returns how many lines are of no request
 * @throws {UsageError} If there are lines, and none is of a request.
 * @throws {InputError} If the input breaks off.
 */
export async function readLog(
  input: Input,
  name: string,
  format: LogFormat,
  take: TakeRequest,
): Promise<number> {
  const json = new FlatJson(["path", "status"]);
  const combined = new CombinedLog();
  const path = new RequestPath();
  let requests = 0;
  let unreadable = 0;
  const scannerOf = (octet: number): Scanner =>
    format === "ndjson" || (format === "auto" && octet === OPEN_BRACE) ? json : combined;
  await readLines(input, (octets, from, to) => {
    const scanner = scannerOf(octets[from]);
    const isRequest = scanner.scan(octets, from, to) && scanner.kinds[STATUS] === INTEGER &&
      path.takePath(scanner, PATH);
    const status = isRequest ? integerAt(scanner, STATUS) : 1000;
    if (status > 999) return void unreadable++;
    requests++;
    take(path, status);
  }, () => unreadable++);
  if (requests === 0 && unreadable > 0) {
    throw new UsageError(
      `Cannot read '${name}': none of its ${unreadable} lines is of a request: give the access log of a server, NDJSON with path and status, or the common or combined format`,
    );
  }
  return unreadable;
}
