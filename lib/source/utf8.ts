import { joinBytes } from "../byte_buffer.ts";

/**
 * How much is decoded at once. A line is a slice of what was decoded with it and keeps that in
 * memory, so this, not a whole block, is what a request in flight can hold (measured, with 10,000
 * URLs held that are 2,000 lines apart: a peak of 200 MB, and 707 MB with 64 KiB).
 */
export const PIECE_BYTES = 8 * 1024;

/** Lossy: each error becomes U+FFFD. It keeps no state, since pieces hold whole characters. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Stands for an error: half of a surrogate pair, so that no text with it is well-formed. */
export const ERROR = "\udc00";

/**
 * Decodes blocks of UTF-8, piece by piece. Each error becomes a lone surrogate, so that text with
 * one is not well-formed, and U+FFFD stands only where the bytes have it. A byte order mark at
 * the start is dropped.
 */
export class Utf8Reader {
  /** What is not decoded yet; after the last piece, at most the start of a character. */
  #bytes: Uint8Array = new Uint8Array();
  #isFirst: boolean;

  /** @param isStart whether a byte order mark can come first */
  constructor(isStart = true) {
    this.#isFirst = isStart;
  }

  /** Bytes that were added and are not decoded yet. */
  get unread(): number {
    return this.#bytes.length;
  }

  /** Adds a block. @param block it may change once {@linkcode next} has given undefined */
  add(block: Uint8Array): void {
    const before = this.#bytes;
    this.#bytes = before.length === 0 ? block : joinBytes(before, block);
  }

  /** The next piece; undefined if another block is needed. */
  next(): string | undefined {
    const piece = this.#bytes.subarray(0, PIECE_BYTES);
    const length = wholeLength(piece);
    if (length === 0) {
      // A copy, since the block may change.
      this.#bytes = piece.slice();
      return undefined;
    }
    this.#bytes = this.#bytes.subarray(length);
    return this.#withoutMark(decode(piece.subarray(0, length)));
  }

  /** What is left at the end: nothing, or an error. */
  end(): string {
    const text = decode(this.#bytes);
    this.#bytes = new Uint8Array();
    return text;
  }

  #withoutMark(text: string): string {
    if (!this.#isFirst) return text;
    this.#isFirst = false;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

/** How many bytes stand before the last character, if that is not whole (RFC 3629 §3). */
function wholeLength(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= 0 && at >= bytes.length - 3; at--) {
    const byte = bytes[at];
    if (byte < 0x80) break;
    // The first byte of a character tells how many it has.
    if (byte >= 0xc0) {
      const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return at + length > bytes.length ? at : bytes.length;
    }
  }
  return bytes.length;
}

function decode(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes("\ufffd") ? withErrors(bytes) : text;
}

/** Decodes bytes in which U+FFFD, which is EF BF BD, and errors are to be told apart. */
function withErrors(bytes: Uint8Array): string {
  const lossy = (from: number, to?: number): string =>
    decoder.decode(bytes.subarray(from, to)).replaceAll("\ufffd", ERROR);
  let text = "";
  let from = 0;
  for (let at = bytes.indexOf(0xef); at >= 0; at = bytes.indexOf(0xef, at + 1)) {
    if (bytes[at + 1] !== 0xbf || bytes[at + 2] !== 0xbd) continue;
    text += `${lossy(from, at)}\ufffd`;
    from = at + 3;
  }
  return text + lossy(from);
}
