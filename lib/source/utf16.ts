import { joinBytes } from "../byte_buffer.ts";
import { ERROR, PIECE_BYTES } from "./utf8.ts";

/** Byte order marks (Unicode §23.8). */
const LITTLE_ENDIAN = [0xff, 0xfe];
const BIG_ENDIAN = [0xfe, 0xff];

/** Whether bytes begin with a byte order mark of UTF-16; no UTF-8 begins so. */
export function isUtf16(bytes: Uint8Array): boolean {
  return [LITTLE_ENDIAN, BIG_ENDIAN].some((mark) => mark.every((byte, k) => bytes[k] === byte));
}

/**
 * Decodes blocks of UTF-16, piece by piece. A surrogate without its other half stays as it is, so that
 * text with one is not well-formed. The byte order mark at the start is dropped.
 */
export class Utf16Reader {
  readonly #decoder: TextDecoder;
  readonly #isBigEndian: boolean;
  /** What is not decoded yet; after the last piece, at most the start of a character. */
  #bytes: Uint8Array = new Uint8Array();
  #isFirst = true;

  /** @param start the first bytes of the text, with its byte order mark */
  constructor(start: Uint8Array) {
    this.#isBigEndian = start[0] === BIG_ENDIAN[0];
    this.#decoder = new TextDecoder(this.#isBigEndian ? "utf-16be" : "utf-16le", {
      ignoreBOM: true,
    });
  }

  /** Bytes that were added and are not decoded yet. */
  get unread(): number {
    return this.#bytes.length;
  }

  /** Adds a block. @param block it may change once {@linkcode next} has given undefined */
  add(block: Uint8Array): void {
    this.#bytes = joinBytes(this.#bytes, block);
  }

  /** The next piece; undefined if another block is needed. */
  next(): string | undefined {
    const piece = this.#bytes.subarray(0, PIECE_BYTES);
    const length = this.#countWhole(piece);
    if (length === 0) return undefined;
    this.#bytes = this.#bytes.subarray(length);
    const text = this.#decode(piece.subarray(0, length));
    if (!this.#isFirst) return text;
    this.#isFirst = false;
    return text.slice(1);
  }

  /** What is left at the end: nothing, or an error in place of half of a code unit. */
  end(): string {
    const text = this.#bytes.length === 0 ? "" : ERROR;
    this.#bytes = new Uint8Array();
    return text;
  }

  #unit(bytes: Uint8Array, at: number): number {
    const [low, high] = this.#isBigEndian ? [at + 1, at] : [at, at + 1];
    return bytes[low] + 256 * bytes[high];
  }

  /** How many bytes stand before the last character, if that is not whole. */
  #countWhole(bytes: Uint8Array): number {
    const length = bytes.length - bytes.length % 2;
    const isHigh = length > 0 && this.#unit(bytes, length - 2) >> 10 === 0xd800 >> 10;
    return isHigh ? length - 2 : length;
  }

  #decode(bytes: Uint8Array): string {
    const text = this.#decoder.decode(bytes);
    return text.includes("\ufffd") ? this.#withErrors(bytes) : text;
  }

  /** Decodes by code units, so that U+FFFD and surrogates that stand alone are told apart. */
  #withErrors(bytes: Uint8Array): string {
    const units = [];
    for (let at = 0; at < bytes.length; at += 2) units.push(this.#unit(bytes, at));
    return String.fromCharCode(...units);
  }
}
