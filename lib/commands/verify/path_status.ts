import { ABSENT, ESCAPED, INTEGER, numberKind, PLAIN, type Scanner } from "../../scan/scanner.ts";

/** The fields of a line: the request's path, and the status of the response. */
export const PATH = 0;
export const STATUS = 1;

const SP = 0x20;
const SLASH = 0x2f;

const VERSION = new TextEncoder().encode("HTTP/");

/** A scanner of a text format, which finds a path and a status in a line. */
export abstract class PathStatus implements Scanner {
  bytes: Uint8Array = new Uint8Array();
  readonly kinds = new Uint8Array(2);
  readonly starts = new Int32Array(2);
  readonly ends = new Int32Array(2);

  scan(bytes: Uint8Array, from: number, to: number): boolean {
    this.bytes = bytes;
    this.kinds.fill(ABSENT);
    return this.find(bytes, from, to);
  }

  /** Finds the fields of a request, and calls {@linkcode setFields}. @returns whether it has them */
  protected abstract find(bytes: Uint8Array, from: number, to: number): boolean;

  /**
   * Sets the fields of a line.
   *
   * @param target the request target: a path, or the absolute form (RFC 9112 §3.2.2)
   * @param isEscaped whether the target holds an escape of the format
   * @param status the status; empty if there was no response
   * @returns whether the target has a path
   */
  protected setFields(
    [from, to]: readonly [from: number, to: number],
    isEscaped: boolean,
    [statusFrom, statusTo]: readonly [from: number, to: number],
  ): boolean {
    const start = this.bytes[from] === SLASH ? from : findPathOfAbsolute(this.bytes, from, to);
    if (start < 0 || start >= to) return false;
    this.kinds[PATH] = isEscaped ? ESCAPED : PLAIN;
    this.starts[PATH] = start;
    this.ends[PATH] = to;
    this.kinds[STATUS] = INTEGER;
    this.starts[STATUS] = statusFrom;
    this.ends[STATUS] = statusTo;
    return true;
  }

  /** A field as text, the path as it went over the wire: bytes above 0x7f are percent-encoded. */
  text(field: number): string {
    const bytes = this.bytes.subarray(this.starts[field], this.ends[field]);
    const plain = this.kinds[field] === ESCAPED ? this.unescape(bytes) : bytes;
    let text = "";
    for (const byte of plain) {
      text += byte < 0x80 ? String.fromCharCode(byte) : percentEncodeByte(byte);
    }
    return text;
  }

  /** Undoes the format's escapes. */
  protected unescape(bytes: Uint8Array): Iterable<number> {
    return bytes;
  }
}

/** Encodes a byte as `%5C`. */
export function percentEncodeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Whether three digits stand at `from`, and then a space or the end of the line. */
export function isStatus(bytes: Uint8Array, from: number, to: number): boolean {
  return from + 3 <= to && (from + 3 === to || bytes[from + 3] === SP) &&
    numberKind(bytes, from, from + 3) === INTEGER;
}

/** Whether a version of HTTP stands at `from`. */
export function isVersion(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < VERSION.length) return false;
  for (let k = 0; k < VERSION.length; k++) if (bytes[from + k] !== VERSION[k]) return false;
  return true;
}

/** Finds the first index of a byte; `to` if it is not there. */
export function findNext(bytes: Uint8Array, byte: number, from: number, to: number): number {
  let k = from;
  while (k < to && bytes[k] !== byte) k++;
  return k;
}

/** Finds the last index of a byte before `to`; `from - 1` if it is not there. */
export function findLast(bytes: Uint8Array, byte: number, from: number, to: number): number {
  let k = to - 1;
  while (k >= from && bytes[k] !== byte) k--;
  return k;
}

/** Parses a hexadecimal digit; -1 for another byte. */
export function parseHexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Parses two hexadecimal digits as a byte; -1 for other bytes. */
export function parseHexByte(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) return -1;
  const [high, low] = [parseHexDigit(bytes[at]), parseHexDigit(bytes[at + 1])];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** Finds where the path of an absolute form begins; -1 if it has no path. */
function findPathOfAbsolute(bytes: Uint8Array, from: number, to: number): number {
  for (let k = from; k + 2 < to; k++) {
    if (bytes[k] !== SLASH || bytes[k + 1] !== SLASH) continue;
    const path = findNext(bytes, SLASH, k + 2, to);
    return path < to ? path : -1;
  }
  return -1;
}
