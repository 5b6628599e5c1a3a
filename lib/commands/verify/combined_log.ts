import { isStatus, isVersion, parseHexByte, PathStatus } from "./path_status.ts";

const SP = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const X = 0x78;

/** The bytes that letters after a backslash stand for, except `\xhh`. */
const ESCAPES = new Map(
  Object.entries({ n: "\n", r: "\r", t: "\t", v: "\v", b: "\b" })
    .map(([letter, byte]) => [letter.charCodeAt(0), byte.charCodeAt(0)]),
);

/**
 * Finds path and status in lines of the common and the combined log format, as Apache and nginx
 * write them: the first text in quotes is the request line, and the status follows. Any fields may
 * stand before, such as a virtual host. The client chooses the name of the user: Apache writes an
 * empty name as `""`, and a quote as `\"`.
 */
export class CombinedLog extends PathStatus {
  protected override find(bytes: Uint8Array, from: number, to: number): boolean {
    let start = skipQuote(bytes, from, to);
    // The time follows an empty user; the status follows an empty request.
    const isEmpty = start + 2 < to && bytes[start] === QUOTE && bytes[start + 1] === SP &&
      bytes[start + 2] === OPEN_BRACKET;
    if (isEmpty) start = skipQuote(bytes, start + 2, to);
    let first = -1;
    let last = -1;
    let isEscaped = false;
    let k = start;
    for (;; k++) {
      if (k >= to) return false;
      const byte = bytes[k];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        isEscaped = true;
        k++;
      } else if (byte === SP) {
        if (first < 0) first = k;
        last = k;
      }
    }
    if (first <= start || bytes[k + 1] !== SP || !isStatus(bytes, k + 2, to)) return false;
    // HTTP/0.9 has no version.
    const end = last > first && isVersion(bytes, last + 1, k) ? last : k;
    return this.setFields([first + 1, end], isEscaped, [k + 2, k + 5]);
  }

  protected override unescape(bytes: Uint8Array): number[] {
    const plain: number[] = [];
    for (let k = 0; k < bytes.length; k++) {
      if (bytes[k] !== BACKSLASH || k + 1 === bytes.length) {
        plain.push(bytes[k]);
        continue;
      }
      const letter = bytes[++k];
      const byte = letter === X ? parseHexByte(bytes, k + 1) : -1;
      if (byte >= 0) k += 2;
      plain.push(byte >= 0 ? byte : ESCAPES.get(letter) ?? letter);
    }
    return plain;
  }
}

/** Finds the index after the next quote without a backslash before it. */
function skipQuote(bytes: Uint8Array, from: number, to: number): number {
  let k = from;
  while (k < to && bytes[k] !== QUOTE) k += bytes[k] === BACKSLASH ? 2 : 1;
  return k + 1;
}
