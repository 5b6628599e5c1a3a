import { ABSENT, ESCAPED, INTEGER, numberKind, PLAIN, type Scanner } from "../../scan/scanner.ts";

/** The fields of a line: the request's path, and the status of the answer. */
export const PATH = 0;
export const STATUS = 1;

const SP = 0x20;
const SLASH = 0x2f;

const VERSION = new TextEncoder().encode("HTTP/");

/** What scanners of text formats share: each finds a path and a status in a line. */
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

  /** @returns whether the line is of a request; then {@linkcode found} has its fields */
  protected abstract find(bytes: Uint8Array, from: number, to: number): boolean;

  /**
   * Takes the target of a request: a path, or the absolute form (RFC 9112 §3.2.2).
   *
   * @param isEscaped whether it holds an escape of the format
   * @param statusFrom where the status begins; where it ends, too, if there was no answer
   * @returns whether it has a path
   */
  protected found(
    [from, to]: readonly [number, number],
    isEscaped: boolean,
    [statusFrom, statusTo]: readonly [number, number],
  ): boolean {
    const start = this.bytes[from] === SLASH ? from : pathOfAbsolute(this.bytes, from, to);
    if (start < 0 || start >= to) return false;
    this.kinds[PATH] = isEscaped ? ESCAPED : PLAIN;
    this.starts[PATH] = start;
    this.ends[PATH] = to;
    this.kinds[STATUS] = INTEGER;
    this.starts[STATUS] = statusFrom;
    this.ends[STATUS] = statusTo;
    return true;
  }

  /** The path as it went over the wire. What is no ASCII is percent-encoded, whatever it was. */
  text(field: number): string {
    const bytes = this.bytes.subarray(this.starts[field], this.ends[field]);
    const plain = this.kinds[field] === ESCAPED ? this.unescape(bytes) : bytes;
    let text = "";
    for (const byte of plain) text += byte < 0x80 ? String.fromCharCode(byte) : percent(byte);
    return text;
  }

  /** Undoes the format's escapes. */
  protected unescape(bytes: Uint8Array): Iterable<number> {
    return bytes;
  }
}

/** A byte as `%5C`. */
export function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Whether a status of three digits stands there, with a space or the line's end behind it. */
export function isStatus(bytes: Uint8Array, from: number, to: number): boolean {
  return from + 3 <= to && (from + 3 === to || bytes[from + 3] === SP) &&
    numberKind(bytes, from, from + 3) === INTEGER;
}

/** Whether a version of HTTP begins there. */
export function isVersion(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < VERSION.length) return false;
  for (let k = 0; k < VERSION.length; k++) if (bytes[from + k] !== VERSION[k]) return false;
  return true;
}

/** Where a byte stands next; `to` if it does not. */
export function next(bytes: Uint8Array, byte: number, from: number, to: number): number {
  let k = from;
  while (k < to && bytes[k] !== byte) k++;
  return k;
}

/** Where a byte stands last before `to`; one before `from` if it does not. */
export function last(bytes: Uint8Array, byte: number, from: number, to: number): number {
  let k = to - 1;
  while (k >= from && bytes[k] !== byte) k--;
  return k;
}

/** The value of a hexadecimal digit; -1 if it is none. */
export function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The byte that two hexadecimal digits stand for; -1 if they are none. */
export function hexByte(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) return -1;
  const [high, low] = [hexValue(bytes[at]), hexValue(bytes[at + 1])];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** Where the path of an absolute form begins; -1 if it has none. */
function pathOfAbsolute(bytes: Uint8Array, from: number, to: number): number {
  for (let k = from; k + 2 < to; k++) {
    if (bytes[k] !== SLASH || bytes[k + 1] !== SLASH) continue;
    const path = next(bytes, SLASH, k + 2, to);
    return path < to ? path : -1;
  }
  return -1;
}
