import { UsageError } from "../../errors.ts";
import { readLines } from "../../scan/byte_lines.ts";
import { INTEGER, integerAt, PLAIN, type Scanner } from "../../scan/scanner.ts";
import { Input } from "../../source/input.ts";
import { IisLog } from "./iis_log.ts";
import { FORMAT_NAMES, LOG_FORMATS, type LogFormat } from "./log_formats.ts";
import { isStatus, PATH, STATUS } from "./path_status.ts";
import { RequestPath } from "./request_path.ts";

const HASH = 0x23;
const OPEN_BRACE = 0x7b;

/** Handles a request of a server's log; its status is 0 to 999. */
export type OnRequest = (path: RequestPath, status: number) => void;

/** A server's access log. */
export class ServerLog {
  readonly #input: Input;
  readonly #name: string;
  readonly #format: LogFormat | undefined;
  /** The first block, which was read to find the format. */
  #first: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param name the argument that names the file, for messages
   * @param format undefined to find it by the lines
   * @throws {UsageError} If the file cannot be read.
   * @throws {InputError} If the input breaks off.
   */
  static async open(path: string, name: string, format?: LogFormat): Promise<ServerLog> {
    const input = await Input.open(path, name);
    try {
      const first = await input.read();
      const isIis = format === undefined && first?.[0] === HASH;
      const known = isIis
        ? LOG_FORMATS.find(({ firstCharacter }) => firstCharacter === "#")
        : format;
      return new ServerLog(input, name, known, first);
    } catch (error) {
      input.close();
      throw error;
    }
  }

  private constructor(
    input: Input,
    name: string,
    format: LogFormat | undefined,
    first: Uint8Array<ArrayBuffer> | undefined,
  ) {
    this.#input = input;
    this.#name = name;
    this.#format = format;
    this.#first = first;
  }

  /** Whether paths have to be folded by {@linkcode RequestPath.fold} to be compared. */
  get isFolded(): boolean {
    return this.#format?.name === "iis";
  }

  /**
   * Reads the log to its end, and closes it. Without a given format, the first line that a format can
   * read decides: one format for lines of JSON, and one for all other lines.
   *
   * @returns how many lines are not requests
   * @throws {UsageError} If there are lines, and all of them are not requests.
   * @throws {InputError} If the input breaks off.
   */
  async read(onRequest: OnRequest): Promise<number> {
    const path = new RequestPath();
    let requests = 0;
    let unreadable = 0;
    const given = this.#format?.open();
    const [json, text] = [true, false].map((isJson) =>
      LOG_FORMATS.filter(({ firstCharacter }) =>
        (firstCharacter === "{") === isJson && firstCharacter !== "#"
      )
        .map((format) => format.open())
    );

    // Reads a line by the first scanner that can; it stays the only one.
    const scan = (scanners: Scanner[], bytes: Uint8Array, from: number, to: number) => {
      for (const scanner of scanners) {
        const status = scanner.scan(bytes, from, to) ? readStatus(scanner) : -1;
        if (status < 0 || !path.readPath(scanner, PATH)) continue;
        if (scanners.length > 1) scanners.splice(0, scanners.length, scanner);
        requests++;
        return onRequest(path, status);
      }
      unreadable++;
    };
    const only = given === undefined ? undefined : [given];
    await readLines(this.#rest(), (bytes, from, to) => {
      if (given instanceof IisLog && bytes[from] === HASH) {
        const missing = given.readDirective(bytes, from, to);
        if (missing === undefined) return;
        throw new UsageError(
          `Cannot read '${this.#name}': its #Fields have no ${missing}: add it to the server's log`,
        );
      }
      scan(only ?? (bytes[from] === OPEN_BRACE ? json : text), bytes, from, to);
    }, () => unreadable++);
    if (requests === 0 && unreadable > 0) {
      const formats = FORMAT_NAMES.join(", ");
      throw new UsageError(
        `Cannot read '${this.#name}': none of its ${unreadable} lines is a request: use an access log in one of the formats ${formats}`,
      );
    }
    return unreadable;
  }

  #rest(): Pick<Input, "read" | "close"> {
    return {
      read: () => {
        const first = this.#first;
        this.#first = undefined;
        return first === undefined ? this.#input.read() : Promise.resolve(first);
      },
      close: () => this.#input.close(),
    };
  }

  close(): void {
    this.#input.close();
  }
}

/** Reads the status of a line, a number or a text (`"200"`); -1 if it is not a status. */
function readStatus(scanner: Scanner): number {
  const { kinds, bytes, starts, ends } = scanner;
  const [from, to] = [starts[STATUS], ends[STATUS]];
  const isText = kinds[STATUS] === PLAIN && to === from + 3 && isStatus(bytes, from, to);
  const status = isText || kinds[STATUS] === INTEGER ? integerAt(scanner, STATUS) : 1000;
  return status > 999 ? -1 : status;
}
