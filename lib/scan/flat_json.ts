import { ABSENT, ESCAPED, NULL, numberKind, OTHER, PLAIN, type Scanner } from "./scanner.ts";

const TAB = 0x09;
const SP = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Octets of a number, or of `true`, `false` and `null`. */
const BARE = new Uint8Array(256);
for (const character of "0123456789+-.eEtrufalsn") BARE[character.charCodeAt(0)] = 1;

/** Octets at which a text ends, or takes a closer look: one look each is what makes this fast. */
const SPECIAL = new Uint8Array(256).fill(1, 0, SP);
SPECIAL[QUOTE] = SPECIAL[BACKSLASH] = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Finds fields in lines of JSON. An object whose values are texts, numbers and literals, as all
 * records are, is read octet by octet; whatever else a line holds (nested values, escapes in a
 * name, a number with an exponent in a field that is asked for) is left to `JSON.parse`. Within
 * fields that nobody asks for, escapes and numbers are looked past, not checked.
 */
export class FlatJson implements Scanner {
  octets: Uint8Array = new Uint8Array();
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #names: readonly string[];
  readonly #keys: readonly Uint8Array[];

  /** @param names the fields to find, which are then known by their place in it */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#keys = names.map((name) => encoder.encode(name));
    this.kinds = new Uint8Array(names.length);
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
  }

  scan(octets: Uint8Array, from: number, to: number): boolean {
    this.octets = octets;
    return this.#scanFlat(octets, from, to) || this.#parse(octets, from, to);
  }

  #scanFlat(octets: Uint8Array, from: number, to: number): boolean {
    const { kinds, starts, ends } = this;
    kinds.fill(ABSENT);
    let k = skipSpace(octets, from, to);
    if (k >= to || octets[k] !== OPEN) return false;
    k = skipSpace(octets, k + 1, to);
    if (k < to && octets[k] === CLOSE) return skipSpace(octets, k + 1, to) === to;
    for (;;) {
      if (k >= to || octets[k] !== QUOTE) return false;
      const keyStart = ++k;
      while (k < to && SPECIAL[octets[k]] === 0) k++;
      if (k >= to || octets[k] !== QUOTE) return false;
      const field = this.#find(octets, keyStart, k);
      k = skipSpace(octets, k + 1, to);
      if (k >= to || octets[k] !== COLON) return false;
      k = skipSpace(octets, k + 1, to);
      if (k >= to) return false;
      let start = k;
      let kind = PLAIN;
      if (octets[k] === QUOTE) {
        start = ++k;
        for (;; k += 2) {
          while (k < to && SPECIAL[octets[k]] === 0) k++;
          if (k >= to) return false;
          if (octets[k] === QUOTE) break;
          if (octets[k] !== BACKSLASH) return false;
          kind = ESCAPED;
        }
        if (field >= 0) ends[field] = k;
        k++;
      } else {
        while (k < to && BARE[octets[k]] === 1) k++;
        if (k === start) return false;
        if (field >= 0) {
          kind = bareKind(octets, start, k);
          if (kind === OTHER) return false;
          ends[field] = k;
        }
      }
      if (field >= 0) {
        kinds[field] = kind;
        starts[field] = start;
      }
      k = skipSpace(octets, k, to);
      if (k >= to) return false;
      if (octets[k] === CLOSE) return skipSpace(octets, k + 1, to) === to;
      if (octets[k] !== COMMA) return false;
      k = skipSpace(octets, k + 1, to);
    }
  }

  #find(octets: Uint8Array, from: number, to: number): number {
    const keys = this.#keys;
    next: for (let field = 0; field < keys.length; field++) {
      const key = keys[field];
      if (key.length !== to - from) continue;
      for (let k = 0; k < key.length; k++) {
        if (octets[from + k] !== key[k]) continue next;
      }
      return field;
    }
    return -1;
  }

  /** Reads what is JSON all the same, and puts the fields in a copy that has nothing else. */
  #parse(octets: Uint8Array, from: number, to: number): boolean {
    let value;
    try {
      value = JSON.parse(decoder.decode(octets.subarray(from, to)));
    } catch {
      return false;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const flat: Record<string, unknown> = {};
    for (const name of this.#names) {
      if (!Object.hasOwn(value, name)) continue;
      const field = value[name];
      const isKept = field === null || typeof field === "string" ||
        (typeof field === "number" && field >= 0 && field < 1e15);
      // What is no number that can be meant reads as `true`, which is none either.
      flat[name] = !isKept ? true : typeof field === "number" ? plain(field) : field;
    }
    this.octets = encoder.encode(JSON.stringify(flat));
    return this.#scanFlat(this.octets, 0, this.octets.length);
  }

  text(field: number): string {
    const { kinds, starts, ends, octets } = this;
    if (kinds[field] !== ESCAPED) {
      return decoder.decode(octets.subarray(starts[field], ends[field]));
    }
    try {
      return JSON.parse(decoder.decode(octets.subarray(starts[field] - 1, ends[field] + 1)));
    } catch {
      return "";
    }
  }
}

function skipSpace(octets: Uint8Array, from: number, to: number): number {
  let k = from;
  while (k < to && (octets[k] === SP || octets[k] === TAB)) k++;
  return k;
}

/** A number as it has no exponent: to 15 digits, and to the sixth behind the point. */
function plain(value: number): number {
  return Number(Number(value.toPrecision(15)).toFixed(6));
}

const LITERALS = [[NULL, encoder.encode("null")], [PLAIN, encoder.encode("true")]] as const;

/** A literal or a number; {@linkcode OTHER} if it is to be read by `JSON.parse`. */
function bareKind(octets: Uint8Array, from: number, to: number): number {
  const number = numberKind(octets, from, to);
  if (number !== OTHER) return number;
  next: for (const [kind, literal] of LITERALS) {
    if (to - from !== literal.length) continue;
    for (let k = 0; k < literal.length; k++) if (octets[from + k] !== literal[k]) continue next;
    return kind;
  }
  return OTHER;
}
