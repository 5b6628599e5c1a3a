import { ABSENT, ESCAPED, INTEGER, numberKind, PLAIN, type Scanner } from "../scan/scanner.ts";

const SP = 0x20;
const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

const decoder = new TextDecoder();

/** What stands for an octet behind a backslash, but for `\xhh`. */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", v: "\v", b: "\b" };

/**
 * Finds path and status in lines of the common and the combined log format, as Apache and nginx
 * write them: the first text in quotes is the request line, and the status stands behind it. What
 * stands before the quotes does not matter, so a virtual host's name may. The fields are 0 for the
 * path and 1 for the status.
 */
export class CombinedLog implements Scanner {
  octets: Uint8Array = new Uint8Array();
  readonly kinds = new Uint8Array(2);
  readonly starts = new Int32Array(2);
  readonly ends = new Int32Array(2);

  scan(octets: Uint8Array, from: number, to: number): boolean {
    this.octets = octets;
    this.kinds.fill(ABSENT);
    let k = from;
    while (k < to && octets[k] !== QUOTE) k++;
    const start = k + 1;
    let first = -1;
    let last = -1;
    let kind = PLAIN;
    for (k = start;; k++) {
      if (k >= to) return false;
      const octet = octets[k];
      if (octet === QUOTE) break;
      if (octet === BACKSLASH) {
        kind = ESCAPED;
        k++;
      } else if (octet === SP) {
        if (first < 0) first = k;
        last = k;
      }
    }
    // HTTP/0.9 has no version.
    if (first <= start) return false;
    const pathEnd = last > first && isVersion(octets, last + 1, k) ? last : k;
    if (k + 5 > to || octets[k + 1] !== SP || (k + 5 < to && octets[k + 5] !== SP)) return false;
    if (numberKind(octets, k + 2, k + 5) !== INTEGER) return false;
    let pathStart = first + 1;
    if (octets[pathStart] !== SLASH) pathStart = pathOfAbsolute(octets, pathStart, pathEnd);
    if (pathStart < 0) return false;
    this.kinds[0] = kind;
    this.starts[0] = pathStart;
    this.ends[0] = pathEnd;
    this.kinds[1] = INTEGER;
    this.starts[1] = k + 2;
    this.ends[1] = k + 5;
    return true;
  }

  text(field: number): string {
    const octets = this.octets.subarray(this.starts[field], this.ends[field]);
    const text = decoder.decode(octets);
    if (this.kinds[field] !== ESCAPED) return text;
    // `\xhh` are octets, of which several can be a character.
    const bytes: number[] = [];
    const encoder = new TextEncoder();
    for (const [part, hex, other] of text.matchAll(/\\x([\da-fA-F]{2})|\\(.)|[^\\]+/gs)) {
      if (hex !== undefined) bytes.push(parseInt(hex, 16));
      else for (const it of encoder.encode(other ? ESCAPES[other] ?? other : part)) bytes.push(it);
    }
    return decoder.decode(new Uint8Array(bytes));
  }
}

const VERSION = new TextEncoder().encode("HTTP/");

function isVersion(octets: Uint8Array, from: number, to: number): boolean {
  if (to - from < VERSION.length) return false;
  for (let k = 0; k < VERSION.length; k++) if (octets[from + k] !== VERSION[k]) return false;
  return true;
}

/** Where the path of an absolute form (RFC 9112 §3.2.2) begins; -1 if it is none. */
function pathOfAbsolute(octets: Uint8Array, from: number, to: number): number {
  for (let k = from; k + 2 < to; k++) {
    if (octets[k] !== SLASH || octets[k + 1] !== SLASH) continue;
    for (let p = k + 2; p < to; p++) if (octets[p] === SLASH) return p;
    return -1;
  }
  return -1;
}
