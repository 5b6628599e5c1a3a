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

/** Takes a request of a server's log; its status is 0 to 999. */
export type TakeRequest = (path: RequestPath, status: number) => void;

/** A server's access log. */
export class ServerLog {
  readonly #input: Input;
  readonly #name: string;
  readonly #format: LogFormat | undefined;
  /** Read already, to see what it begins with. */
  #first: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param name the argument that names the file, for messages
   * @param format undefined where the lines tell
   * @throws {UsageError} If the file cannot be read.
   * @throws {InputError} If it breaks off.
   */
  static async open(path: string, name: string, format?: LogFormat): Promise<ServerLog> {
    const input = await Input.open(path, name);
    try {
      const first = await input.read();
      const isIis = format === undefined && first?.[0] === HASH;
      const known = isIis ? LOG_FORMATS.find(({ begins }) => begins === "#") : format;
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

  /** Whether its paths have to be compared as {@linkcode RequestPath.fold} makes them. */
  get isFolded(): boolean {
    return this.#format?.name === "iis";
  }

  /**
   * Reads it to its end, and closes it. Where no format is given, the first line that can be read
   * tells it: one for lines of JSON, and one for all others.
   *
   * @returns how many lines are of no request
   * @throws {UsageError} If there are lines, and none is of a request.
   * @throws {InputError} If the input breaks off.
   */
  async read(take: TakeRequest): Promise<number> {
    const path = new RequestPath();
    let requests = 0;
    let unreadable = 0;
    const given = this.#format?.open();
    const [json, text] = [true, false].map((isJson) =>
      LOG_FORMATS.filter(({ begins }) => (begins === "{") === isJson && begins !== "#")
        .map((format) => format.open())
    );

    /** Reads a line by the first scanner that can, and from then on by it alone. */
    const scan = (scanners: Scanner[], bytes: Uint8Array, from: number, to: number) => {
      for (const scanner of scanners) {
        const status = scanner.scan(bytes, from, to) ? statusAt(scanner) : -1;
        if (status < 0 || !path.takePath(scanner, PATH)) continue;
        if (scanners.length > 1) scanners.splice(0, scanners.length, scanner);
        requests++;
        return take(path, status);
      }
      unreadable++;
    };
    const only = given === undefined ? undefined : [given];
    await readLines(this.#rest(), (bytes, from, to) => {
      if (given instanceof IisLog && bytes[from] === HASH) {
        const missing = given.takeDirective(bytes, from, to);
        if (missing === undefined) return;
        throw new UsageError(
          `Cannot read '${this.#name}': its #Fields have no ${missing}: let the server log it`,
        );
      }
      scan(only ?? (bytes[from] === OPEN_BRACE ? json : text), bytes, from, to);
    }, () => unreadable++);
    if (requests === 0 && unreadable > 0) {
      const formats = FORMAT_NAMES.join(", ");
      throw new UsageError(
        `Cannot read '${this.#name}': none of its ${unreadable} lines is of a request: give an access log in one of the formats ${formats}`,
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

/** The status of a line, also as a text, `"200"`; -1 if it has none. */
function statusAt(scanner: Scanner): number {
  const { kinds, bytes, starts, ends } = scanner;
  const [from, to] = [starts[STATUS], ends[STATUS]];
  const isText = kinds[STATUS] === PLAIN && to === from + 3 && isStatus(bytes, from, to);
  const status = isText || kinds[STATUS] === INTEGER ? integerAt(scanner, STATUS) : 1000;
  return status > 999 ? -1 : status;
}
