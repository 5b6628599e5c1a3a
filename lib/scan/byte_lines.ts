import { ByteBuffer } from "../byte_buffer.ts";
import type { Input } from "../source/input.ts";
import { MAX_LINE } from "../source/lines.ts";
import type { MaybePromise } from "../stream.ts";

/** The longest line, in bytes: the longest line of an input, where JSON escapes some of it. */
export const MAX_LINE_BYTES = 4 * MAX_LINE;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Takes a line: bytes from `from` to below `to`, without its end; valid until it returns. The line's
 * CR, if it has one, is below `end`.
 */
export type TakeLine = (bytes: Uint8Array, from: number, to: number, end: number) => void;

/**
 * Hands out the lines of an input as bytes, without empty lines, and closes the input. LF or CRLF
 * ends a line, and the last one may lack it; a byte order mark at the start is dropped. It holds one
 * block and one line. Nothing is decoded: to read a record from bytes takes about two thirds of the
 * time of `JSON.parse`, and its path can be compared as it stands.
 *
 * @param onTooLong called in place of `take` for a line beyond {@linkcode MAX_LINE_BYTES}
 * @param isEnough asked before each block whether to end
 * @throws {InputError} If the input breaks off.
 */
export async function readLines(
  input: Pick<Input, "read" | "close">,
  take: TakeLine,
  onTooLong: () => void,
  isEnough: () => MaybePromise<boolean> = () => false,
): Promise<void> {
  /** The start of a line whose end has not been read yet; one more, for a CR at its end. */
  const carry = new ByteBuffer(MAX_LINE_BYTES + 1);
  let isTooLong = false;
  let isFirst = true;

  const keep = (piece: Uint8Array): void => {
    if (!isTooLong) isTooLong = !carry.append(piece);
  };
  const give = (bytes: Uint8Array, from: number, to: number): void => {
    let start = from;
    if (isFirst) {
      isFirst = false;
      if (bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) {
        start += 3;
      }
    }
    const end = to > start && bytes[to - 1] === CR ? to - 1 : to;
    if (end > start) take(bytes, start, end, to);
  };
  const giveCarried = (): void => {
    if (isTooLong) onTooLong();
    else if (carry.length > 0) give(carry.bytes, 0, carry.length);
    isTooLong = false;
    carry.length = 0;
  };

  try {
    while (!await isEnough()) {
      const block = await input.read();
      if (block === undefined) {
        giveCarried();
        return;
      }
      let from = 0;
      if (carry.length > 0 || isTooLong) {
        const end = block.indexOf(LF);
        keep(end < 0 ? block : block.subarray(0, end));
        if (end < 0) continue;
        giveCarried();
        from = end + 1;
      }
      for (let end; (end = block.indexOf(LF, from)) >= 0; from = end + 1) give(block, from, end);
      if (from < block.length) keep(block.subarray(from));
    }
  } finally {
    input.close();
  }
}
