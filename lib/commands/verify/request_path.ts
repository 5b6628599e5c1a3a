import { ESCAPED, PLAIN, type ScannedFields } from "../../scan/scanner.ts";
import { foldPath } from "./fold_path.ts";
import { percentEncodeByte } from "./path_status.ts";

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;

/** Bytes that `URL` does not encode: 1 in a path, 2 in a query, 3 in both. */
const SAFE = new Uint8Array(256);
for (
  const character of "-_~!$&()*+,;=:@%/." +
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
) {
  SAFE[character.charCodeAt(0)] = 3;
}
SAFE["'".charCodeAt(0)] = 1;
SAFE[QUESTION] = 2;

/** Whether a byte can be in an authority; brackets enclose an IPv6 address. */
function isHostByte(byte: number): boolean {
  return (SAFE[byte] === 3 && byte !== SLASH) || byte === 0x5b || byte === 0x5d;
}

const SCHEMES = ["http://", "https://"].map((scheme) => new TextEncoder().encode(scheme));

/** Finds where the authority begins; -1 if the scheme has an unusual form. */
function skipScheme(bytes: Uint8Array, from: number, to: number): number {
  next: for (const scheme of SCHEMES) {
    if (to - from < scheme.length) continue;
    for (let k = 0; k < scheme.length; k++) if (bytes[from + k] !== scheme[k]) continue next;
    return from + scheme.length;
  }
  return -1;
}

/** The longest path in messages, in bytes. */
const MAX_SHOWN_BYTES = 1_000;

const encoder = new TextEncoder();

/**
 * Encodes characters that belong to a path on the wire, but that `URL` drops or reads as something
 * else: white space, `#`, and a backslash before the query.
 */
function encodeForWire(text: string): string {
  const query = text.indexOf("?");
  const path = query < 0 ? text : text.slice(0, query);
  // deno-lint-ignore no-control-regex -- a log can hold any control character
  return path.replace(/[\x00-\x20#\\]/g, percentEncode) +
    // deno-lint-ignore no-control-regex
    (query < 0 ? "" : text.slice(query).replace(/[\x00-\x20#]/g, percentEncode));
}

function percentEncode(character: string): string {
  return percentEncodeByte(character.charCodeAt(0));
}

/**
 * The path and query of a request, without a fragment, as `URL` normalizes them: paths that become
 * the same are the same, whichever side wrote them.
 */
export class RequestPath {
  /** The path is `bytes` from `from` to below `to`, as long as the line is valid. */
  bytes: Uint8Array = new Uint8Array();
  from = 0;
  to = 0;

  /** Reads a field of a line as an absolute URL. @returns whether it is one */
  readUrl(scanner: ScannedFields, field: number): boolean {
    if (scanner.kinds[field] === PLAIN) {
      const { bytes, starts, ends } = scanner;
      const to = ends[field];
      let k = skipScheme(bytes, starts[field], to);
      if (k >= 0) {
        while (k < to && isHostByte(bytes[k])) k++;
        if (k < to && bytes[k] === SLASH && this.#setPlain(bytes, k, to)) return true;
      }
    } else if (scanner.kinds[field] !== ESCAPED) return false;
    return this.#setParsed(URL.parse(scanner.text(field)));
  }

  /** Reads a field of a line as a path, perhaps with a query. @returns whether it is one */
  readPath(scanner: ScannedFields, field: number): boolean {
    const { bytes, kinds, starts, ends } = scanner;
    if (kinds[field] === PLAIN) {
      const from = starts[field];
      if (bytes[from] === SLASH && this.#setPlain(bytes, from, ends[field])) return true;
    } else if (kinds[field] !== ESCAPED) return false;
    const text = scanner.text(field);
    return text.startsWith("/") && this.#setParsed(URL.parse(`http://host${encodeForWire(text)}`));
  }

  #setPlain(bytes: Uint8Array, from: number, end: number): boolean {
    let to = end;
    let mask = 1;
    let before = 0;
    for (let k = from; k < to; k++) {
      const byte = bytes[k];
      if (byte === QUESTION) {
        // The engine decides whether an empty query goes over the wire as "?" or not at all.
        if (mask === 1 && k + 1 === to) {
          to = k;
          break;
        }
        mask = 2;
      } else if ((SAFE[byte] & mask) === 0) return false;
      else if (mask === 1) {
        // `URL` removes segments of dots, and `%2e` is a dot.
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

  #setParsed(url: URL | null): boolean {
    if (url === null || !/^https?:$/.test(url.protocol)) return false;
    this.bytes = encoder.encode(url.pathname + url.search);
    this.from = 0;
    this.to = this.bytes.length;
    return true;
  }

  /** Folds the path, so that paths which look the same in a log of IIS are the same. */
  fold(): void {
    this.bytes = foldPath(this.bytes, this.from, this.to);
    this.from = 0;
    this.to = this.bytes.length;
  }

  /** The start of the path, for messages: text of a client, which output has to escape. */
  toString(): string {
    const to = Math.min(this.to, this.from + MAX_SHOWN_BYTES);
    return new TextDecoder().decode(this.bytes.subarray(this.from, to)) +
      (to < this.to ? "…" : "");
  }
}
