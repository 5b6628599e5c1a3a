import { ByteBuffer } from "../byte_buffer.ts";
import type { Input } from "./input.ts";

/** The maximum number of bytes that are read ahead. */
const MAX_PEEKED_BYTES = 1024 * 1024;

const LF = 0x0a;
const SPACE = 0x20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** What is peeked into. */
type Peekable = Pick<Input, "path" | "read" | "close">;

/** An input whose beginning was looked at, and is read from there all the same. */
export class PeekedInput {
  readonly #input: Peekable;
  /** What was read ahead, until it is asked for: one block, however small those of the input are. */
  #ahead: Uint8Array<ArrayBuffer> | undefined;
  /**
   * The first line that is not blank, from its first byte that is not white space, without its end;
   * at most 1 MiB of it. A byte order mark before it is left out.
   */
  readonly firstLine: Uint8Array<ArrayBuffer>;

  /** @throws {InputError} If it breaks off. */
  static async open(input: Peekable): Promise<PeekedInput> {
    const start = new ByteBuffer();
    let from = -1;
    let end = -1;
    while (end < 0 && start.length < MAX_PEEKED_BYTES) {
      const block = await input.read();
      if (block === undefined) break;
      const before = start.length;
      start.append(block);
      // Before its last byte, a byte order mark looks like text.
      const isSettled = before >= BYTE_ORDER_MARK.length;
      if (from < 0 || !isSettled) from = findText(start.view(), isSettled ? before : 0);
      if (from >= 0) end = start.view().indexOf(LF, Math.max(from, before));
    }
    const text = from < 0 ? start.length : from;
    const firstLine = start.bytes.subarray(text, end < 0 ? start.length : end);
    return new PeekedInput(input, start.length === 0 ? undefined : start.view(), firstLine);
  }

  private constructor(
    input: Peekable,
    ahead: Uint8Array<ArrayBuffer> | undefined,
    firstLine: Uint8Array<ArrayBuffer>,
  ) {
    this.#input = input;
    this.#ahead = ahead;
    this.firstLine = firstLine;
  }

  /** The path of the input; `-` for standard input. */
  get path(): string {
    return this.#input.path;
  }

  /** The next block, from the beginning on; undefined at the end. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? await this.#input.read();
  }

  close(): void {
    this.#input.close();
  }
}

/**
 * Where the first byte is that is not white space, behind a byte order mark; -1 without one.
 *
 * @param from where to look; 0, or behind where such a mark can stand
 */
function findText(bytes: Uint8Array, from: number): number {
  const hasMark = BYTE_ORDER_MARK.every((byte, k) => bytes[k] === byte);
  const start = from === 0 && hasMark ? BYTE_ORDER_MARK.length : from;
  const at = bytes.subarray(start).findIndex((byte) => byte > SPACE);
  return at < 0 ? at : start + at;
}
