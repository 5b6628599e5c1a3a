import {
  ABSENT,
  ESCAPED,
  NULL,
  numberKind,
  OTHER,
  PLAIN,
  type RecordScanner,
  type Scanner,
} from "./scanner.ts";

const TAB = 0x09;
const SP = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Bytes of a number, or of `true`, `false` and `null`. */
const BARE = new Uint8Array(256);
for (const character of "0123456789+-.eEtrufalsn") BARE[character.charCodeAt(0)] = 1;

/** Bytes that end a text or need a closer look. One table look-up a byte makes this fast. */
const SPECIAL = new Uint8Array(256).fill(1, 0, SP);
SPECIAL[QUOTE] = SPECIAL[BACKSLASH] = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Finds fields in lines of JSON. An object whose values are strings, numbers and literals, like every
 * record, is read byte by byte. Any other line (nested values, escapes in a name, a number with an
 * exponent in a field that is asked for) is left to `JSON.parse`. In other fields, escapes and
 * numbers are skipped, not checked.
 */
export class FlatJson implements Scanner, RecordScanner {
  readonly isTyped = true;
  bytes: Uint8Array = new Uint8Array();
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #names: readonly string[];
  readonly #keys: readonly Uint8Array[];

  /** @param names the fields to find, which are then known by their place */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#keys = names.map((name) => encoder.encode(name));
    this.kinds = new Uint8Array(names.length);
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
  }

  scan(bytes: Uint8Array, from: number, to: number): boolean {
    this.bytes = bytes;
    return this.#scanFlat(bytes, from, to) || this.#parse(bytes, from, to);
  }

  #scanFlat(bytes: Uint8Array, from: number, to: number): boolean {
    const { kinds, starts, ends } = this;
    kinds.fill(ABSENT);
    let k = skipSpace(bytes, from, to);
    if (k >= to || bytes[k] !== OPEN) return false;
    k = skipSpace(bytes, k + 1, to);
    if (k < to && bytes[k] === CLOSE) return skipSpace(bytes, k + 1, to) === to;
    for (;;) {
      if (k >= to || bytes[k] !== QUOTE) return false;
      const keyStart = ++k;
      while (k < to && SPECIAL[bytes[k]] === 0) k++;
      if (k >= to || bytes[k] !== QUOTE) return false;
      const field = this.#find(bytes, keyStart, k);
      k = skipSpace(bytes, k + 1, to);
      if (k >= to || bytes[k] !== COLON) return false;
      k = skipSpace(bytes, k + 1, to);
      if (k >= to) return false;
      let start = k;
      let kind = PLAIN;
      if (bytes[k] === QUOTE) {
        start = ++k;
        for (;; k += 2) {
          while (k < to && SPECIAL[bytes[k]] === 0) k++;
          if (k >= to) return false;
          if (bytes[k] === QUOTE) break;
          if (bytes[k] !== BACKSLASH) return false;
          kind = ESCAPED;
        }
        if (field >= 0) ends[field] = k;
        k++;
      } else {
        while (k < to && BARE[bytes[k]] === 1) k++;
        if (k === start) return false;
        if (field >= 0) {
          kind = bareKind(bytes, start, k);
          if (kind === OTHER) return false;
          ends[field] = k;
        }
      }
      if (field >= 0) {
        kinds[field] = kind;
        starts[field] = start;
      }
      k = skipSpace(bytes, k, to);
      if (k >= to) return false;
      if (bytes[k] === CLOSE) return skipSpace(bytes, k + 1, to) === to;
      if (bytes[k] !== COMMA) return false;
      k = skipSpace(bytes, k + 1, to);
    }
  }

  #find(bytes: Uint8Array, from: number, to: number): number {
    const keys = this.#keys;
    next: for (let field = 0; field < keys.length; field++) {
      const key = keys[field];
      if (key.length !== to - from) continue;
      for (let k = 0; k < key.length; k++) {
        if (bytes[from + k] !== key[k]) continue next;
      }
      return field;
    }
    return -1;
  }

  /** Reads any other JSON, and puts the fields into a copy that has nothing else. */
  #parse(bytes: Uint8Array, from: number, to: number): boolean {
    let value;
    try {
      value = JSON.parse(decoder.decode(bytes.subarray(from, to)));
    } catch {
      return false;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const flat: Record<string, unknown> = {};
    for (const name of this.#names) {
      if (!Object.hasOwn(value, name)) continue;
      const field = value[name];
      const isKept = field === null || typeof field === "string" ||
        (typeof field === "number" && field >= 0 && field <= Number.MAX_SAFE_INTEGER);
      // A number that is out of range reads as `true`, which is not a number either.
      flat[name] = !isKept ? true : typeof field === "number" ? plain(field) : field;
    }
    this.bytes = encoder.encode(JSON.stringify(flat));
    return this.#scanFlat(this.bytes, 0, this.bytes.length);
  }

  text(field: number): string {
    const { kinds, starts, ends, bytes } = this;
    if (kinds[field] !== ESCAPED) {
      return decoder.decode(bytes.subarray(starts[field], ends[field]));
    }
    try {
      return JSON.parse(decoder.decode(bytes.subarray(starts[field] - 1, ends[field] + 1)));
    } catch {
      return "";
    }
  }
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let k = from;
  while (k < to && (bytes[k] === SP || bytes[k] === TAB)) k++;
  return k;
}

/** A number that needs no exponent: decimals to 15 digits, and to the sixth behind the point. */
function plain(value: number): number {
  if (Number.isInteger(value)) return value;
  return Number(Number(value.toPrecision(15)).toFixed(6));
}

const LITERALS = [[NULL, encoder.encode("null")], [PLAIN, encoder.encode("true")]] as const;

/** The kind of a literal or a number; {@linkcode OTHER} if `JSON.parse` has to read it. */
function bareKind(bytes: Uint8Array, from: number, to: number): number {
  const number = numberKind(bytes, from, to);
  if (number !== OTHER) return number;
  next: for (const [kind, literal] of LITERALS) {
    if (to - from !== literal.length) continue;
    for (let k = 0; k < literal.length; k++) if (bytes[from + k] !== literal[k]) continue next;
    return kind;
  }
  return OTHER;
}
