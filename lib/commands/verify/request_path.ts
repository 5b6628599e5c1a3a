import { ESCAPED, PLAIN, type Scanner } from "../../scan/scanner.ts";
import { foldPath } from "./fold_path.ts";
import { percent } from "./path_status.ts";

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;

/** Bytes that `URL` leaves as they are: 1 in a path, 2 in a query, 3 in both. */
const SAFE = new Uint8Array(256);
for (
  const character of "-_~!$&()*+,;=:@%/." +
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
) {
  SAFE[character.charCodeAt(0)] = 3;
}
SAFE["'".charCodeAt(0)] = 1;
SAFE[QUESTION] = 2;

/** A bracket stands around an IPv6 address. */
function isOfHost(byte: number): boolean {
  return (SAFE[byte] === 3 && byte !== SLASH) || byte === 0x5b || byte === 0x5d;
}

const SCHEMES = ["http://", "https://"].map((scheme) => new TextEncoder().encode(scheme));

/** Where the host begins; -1 if that takes a closer look. */
function behindScheme(bytes: Uint8Array, from: number, to: number): number {
  next: for (const scheme of SCHEMES) {
    if (to - from < scheme.length) continue;
    for (let k = 0; k < scheme.length; k++) if (bytes[from + k] !== scheme[k]) continue next;
    return from + scheme.length;
  }
  return -1;
}

/** How much of it is shown, in bytes. */
const SHOWN_BYTES = 1_000;

const encoder = new TextEncoder();

/**
 * Encodes what `URL` would drop or read as something else: white space, a fragment, and in a path a
 * backslash. On the wire they are characters of the path.
 */
function onTheWire(text: string): string {
  const query = text.indexOf("?");
  const path = query < 0 ? text : text.slice(0, query);
  // deno-lint-ignore no-control-regex -- a log can hold any of them
  return path.replace(/[\x00-\x20#\\]/g, percentEncode) +
    // deno-lint-ignore no-control-regex
    (query < 0 ? "" : text.slice(query).replace(/[\x00-\x20#]/g, percentEncode));
}

function percentEncode(character: string): string {
  return percent(character.charCodeAt(0));
}

/**
 * The path and query of a request, as it goes over the wire: what by `URL` becomes the same is the
 * same, whichever side wrote it down. The fragment of a URL is not in it.
 */
export class RequestPath {
  /** Where it stands, from `from` to below `to`; valid until the line it is of goes. */
  bytes: Uint8Array = new Uint8Array();
  from = 0;
  to = 0;

  /** Takes a field that holds an absolute URL. @returns whether it is one */
  takeUrl(scanner: Scanner, field: number): boolean {
    if (scanner.kinds[field] === PLAIN) {
      const { bytes, starts, ends } = scanner;
      const to = ends[field];
      let k = behindScheme(bytes, starts[field], to);
      if (k >= 0) {
        while (k < to && isOfHost(bytes[k])) k++;
        if (k < to && bytes[k] === SLASH && this.#takePlain(bytes, k, to)) return true;
      }
    } else if (scanner.kinds[field] !== ESCAPED) return false;
    return this.#takeParsed(URL.parse(scanner.text(field)));
  }

  /** Takes a field that holds a path, maybe with a query. @returns whether it is one */
  takePath(scanner: Scanner, field: number): boolean {
    const { bytes, kinds, starts, ends } = scanner;
    if (kinds[field] === PLAIN) {
      const from = starts[field];
      if (bytes[from] === SLASH && this.#takePlain(bytes, from, ends[field])) return true;
    } else if (kinds[field] !== ESCAPED) return false;
    const text = scanner.text(field);
    return text.startsWith("/") && this.#takeParsed(URL.parse(`http://host${onTheWire(text)}`));
  }

  #takePlain(bytes: Uint8Array, from: number, end: number): boolean {
    let to = end;
    let mask = 1;
    let before = 0;
    for (let k = from; k < to; k++) {
      const byte = bytes[k];
      if (byte === QUESTION) {
        // An empty query goes over the wire as "?" or not at all, by the engine.
        if (mask === 1 && k + 1 === to) {
          to = k;
          break;
        }
        mask = 2;
      } else if ((SAFE[byte] & mask) === 0) return false;
      else if (mask === 1) {
        // A segment of dots goes, and `%2e` is a dot.
        if (byte === DOT ? before === SLASH : byte === PERCENT && bytes[k + 1] === 0x32) {
          return false;
        }
      }
      before = byte;
    }
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    return true;
  }

  #takeParsed(url: URL | null): boolean {
    if (url === null || !/^https?:$/.test(url.protocol)) return false;
    this.bytes = encoder.encode(url.pathname + url.search);
    this.from = 0;
    this.to = this.bytes.length;
    return true;
  }

  /** Makes paths the same that IIS does not tell apart in its log. */
  fold(): void {
    this.bytes = foldPath(this.bytes, this.from, this.to);
    this.from = 0;
    this.to = this.bytes.length;
  }

  /** Its beginning, for messages; it can hold what a client sent. */
  toString(): string {
    const to = Math.min(this.to, this.from + SHOWN_BYTES);
    return new TextDecoder().decode(this.bytes.subarray(this.from, to)) +
      (to < this.to ? "…" : "");
  }
}
