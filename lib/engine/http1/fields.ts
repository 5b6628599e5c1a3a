/**
 * The fields of a head, for who asks for them by name.
 *
 * @module
 */
import { textOfField } from "../../http/fields.ts";
import type { PassingHead } from "../hooks.ts";

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/**
 * The values of all fields of a name, in their order, each character an octet.
 *
 * @param octets a whole head that `parseHead` has read
 * @param name in lower case
 */
export function fieldsOf(octets: Uint8Array, name: string): string[] {
  const values: string[] = [];
  for (let at = valueAt(octets, 0, name); at > 0; at = valueAt(octets, at, name)) {
    values.push(valueOf(octets, at, octets.indexOf(LF, at)));
  }
  return values;
}

/**
 * Where the next value of a name begins, behind its colon; 0 if there is none. It looks for the
 * first octet of the name, and only then for the line: that takes half as long (measured: 97 ns for
 * a head of nginx, not 184, and by `indexOf` 236).
 *
 * @param from anywhere in the line before
 */
function valueAt(octets: Uint8Array, from: number, name: string): number {
  const { length } = name;
  const first = name.charCodeAt(0) | 0x20;
  const last = octets.length - length;
  for (let k = from + 1; k < last; k++) {
    if (
      (octets[k] | 0x20) === first && octets[k - 1] === LF && octets[k + length] === COLON &&
      isName(octets, k, name)
    ) return k + length + 1;
  }
  return 0;
}

/** A value that came before: most answers of a run have the same. */
interface Known {
  readonly octets: Uint8Array;
  readonly text: string;
}

/** Most names of which the last value is kept, and the most octets of each. */
const MOST_KNOWN = 64;
const LONGEST_KNOWN = 256;
const known = new Map<string, Known>();

/** The text of a value, which is not made again where it is that of before. */
function knownValueOf(octets: Uint8Array, from: number, to: number, name: string): string {
  const before = known.get(name);
  if (before !== undefined && isSame(octets, from, to, before.octets)) return before.text;
  const text = textOfField(valueOf(octets, from, to));
  const isShort = to - from <= LONGEST_KNOWN && name.length <= LONGEST_KNOWN;
  if (isShort && (before !== undefined || known.size < MOST_KNOWN)) {
    known.set(name, { octets: octets.slice(from, to), text });
  }
  return text;
}

function isSame(octets: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (to - from !== other.length) return false;
  for (let k = 0; k < other.length; k++) if (octets[from + k] !== other[k]) return false;
  return true;
}

/** Whether octets of a token are a name, in any case. */
function isName(octets: Uint8Array, from: number, name: string): boolean {
  for (let k = 0; k < name.length; k++) {
    const octet = octets[from + k];
    const lower = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
    if (lower !== name.charCodeAt(k)) return false;
  }
  return true;
}

/** What stands between two places, without the white space around it (RFC 9110 §5.5). */
function valueOf(octets: Uint8Array, from: number, to: number): string {
  if (octets[to - 1] === CR) to--;
  while (from < to && isBlank(octets[from])) from++;
  while (to > from && isBlank(octets[to - 1])) to--;
  let text = "";
  for (let k = from; k < to; k++) text += String.fromCharCode(octets[k]);
  return text;
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB;
}

/** A head as its octets; no text is made of a field before it is asked for. */
export class OctetHead implements PassingHead {
  readonly status: number;
  readonly #octets: Uint8Array;

  /** @param octets up to and with the empty line: at most `MAX_HEAD_BYTES`; they are not copied */
  constructor(status: number, octets: Uint8Array) {
    this.status = status;
    this.#octets = octets;
  }

  lasting(): OctetHead {
    return new OctetHead(this.status, this.#octets.slice());
  }

  get coding(): string | null {
    const coding = this.field("content-encoding")?.toLowerCase() ?? "";
    return coding === "" || coding === "identity" ? null : coding;
  }

  field(name: string): string | null {
    const octets = this.#octets;
    const at = valueAt(octets, 0, name);
    if (at === 0) return null;
    if (valueAt(octets, at, name) > 0) return textOfField(fieldsOf(octets, name).join(", "));
    return knownValueOf(octets, at, octets.indexOf(LF, at), name);
  }
}
