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
  /** The blocks that were read ahead, and not asked for yet. */
  readonly #blocks: Uint8Array<ArrayBuffer>[];
  /**
   * The first line that is not blank, from its first byte that is not white space, without its end;
   * at most 1 MiB of it. A byte order mark before it is left out.
   */
  readonly firstLine: Uint8Array<ArrayBuffer>;

  /** @throws {InputError} If it breaks off. */
  static async open(input: Peekable): Promise<PeekedInput> {
    const blocks: Uint8Array<ArrayBuffer>[] = [];
    const start = new ByteBuffer();
    let from = -1;
    let end = -1;
    while (end < 0 && start.length < MAX_PEEKED_BYTES) {
      const block = await input.read();
      if (block === undefined) break;
      // The input uses its block again.
      blocks.push(block.slice());
      const before = start.length;
      start.append(block);
      // Before its last byte, a byte order mark looks like text.
      if (from < 0 || before < BYTE_ORDER_MARK.length) from = findText(start.view());
      if (from >= 0) end = start.view().indexOf(LF, Math.max(from, before));
    }
    const text = from < 0 ? start.length : from;
    const firstLine = start.bytes.subarray(text, end < 0 ? start.length : end);
    return new PeekedInput(input, blocks, firstLine);
  }

  private constructor(
    input: Peekable,
    blocks: Uint8Array<ArrayBuffer>[],
    firstLine: Uint8Array<ArrayBuffer>,
  ) {
    this.#input = input;
    this.#blocks = blocks;
    this.firstLine = firstLine;
  }

  /** The path of the input; `-` for standard input. */
  get path(): string {
    return this.#input.path;
  }

  /** The next block, from the beginning on; undefined at the end. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#blocks.shift() ?? await this.#input.read();
  }

  close(): void {
    this.#input.close();
  }
}

/** Where the first byte is that is not white space, behind a byte order mark; -1 without one. */
function findText(bytes: Uint8Array): number {
  const start = BYTE_ORDER_MARK.every((byte, k) => bytes[k] === byte) ? 3 : 0;
  return bytes.findIndex((byte, k) => k >= start && byte > SPACE);
}
