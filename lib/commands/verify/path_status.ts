import { ABSENT, ESCAPED, INTEGER, numberKind, PLAIN, type Scanner } from "../../scan/scanner.ts";

/** The fields of a line: the request's path, and the status of the answer. */
export const PATH = 0;
export const STATUS = 1;

const SP = 0x20;
const SLASH = 0x2f;

const VERSION = new TextEncoder().encode("HTTP/");

/** What scanners of text formats share: each finds a path and a status in a line. */
export abstract class PathStatus implements Scanner {
  octets: Uint8Array = new Uint8Array();
  readonly kinds = new Uint8Array(2);
  readonly starts = new Int32Array(2);
  readonly ends = new Int32Array(2);

  scan(octets: Uint8Array, from: number, to: number): boolean {
    this.octets = octets;
    this.kinds.fill(ABSENT);
    return this.find(octets, from, to);
  }

  /** @returns whether the line is of a request; then {@linkcode found} has its fields */
  protected abstract find(octets: Uint8Array, from: number, to: number): boolean;

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
    const start = this.octets[from] === SLASH ? from : pathOfAbsolute(this.octets, from, to);
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
    const octets = this.octets.subarray(this.starts[field], this.ends[field]);
    const plain = this.kinds[field] === ESCAPED ? this.unescape(octets) : octets;
    let text = "";
    for (const octet of plain) text += octet < 0x80 ? String.fromCharCode(octet) : percent(octet);
    return text;
  }

  /** Undoes the format's escapes. */
  protected unescape(octets: Uint8Array): Iterable<number> {
    return octets;
  }
}

/** An octet as `%5C`. */
export function percent(octet: number): string {
  return `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Whether a status of three digits stands there, with a space or the line's end behind it. */
export function isStatus(octets: Uint8Array, from: number, to: number): boolean {
  return from + 3 <= to && (from + 3 === to || octets[from + 3] === SP) &&
    numberKind(octets, from, from + 3) === INTEGER;
}

/** Whether a version of HTTP begins there. */
export function isVersion(octets: Uint8Array, from: number, to: number): boolean {
  if (to - from < VERSION.length) return false;
  for (let k = 0; k < VERSION.length; k++) if (octets[from + k] !== VERSION[k]) return false;
  return true;
}

/** Where an octet stands next; `to` if it does not. */
export function next(octets: Uint8Array, octet: number, from: number, to: number): number {
  let k = from;
  while (k < to && octets[k] !== octet) k++;
  return k;
}

/** Where an octet stands last before `to`; one before `from` if it does not. */
export function last(octets: Uint8Array, octet: number, from: number, to: number): number {
  let k = to - 1;
  while (k >= from && octets[k] !== octet) k--;
  return k;
}

/** The value of a hexadecimal digit; -1 if it is none. */
export function hexValue(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const letter = octet | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The octet that two hexadecimal digits stand for; -1 if they are none. */
export function hexOctet(octets: Uint8Array, at: number): number {
  if (at + 2 > octets.length) return -1;
  const [high, low] = [hexValue(octets[at]), hexValue(octets[at + 1])];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** Where the path of an absolute form begins; -1 if it has none. */
function pathOfAbsolute(octets: Uint8Array, from: number, to: number): number {
  for (let k = from; k + 2 < to; k++) {
    if (octets[k] !== SLASH || octets[k + 1] !== SLASH) continue;
    const path = next(octets, SLASH, k + 2, to);
    return path < to ? path : -1;
  }
  return -1;
}
