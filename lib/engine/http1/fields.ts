/**
 * Reads fields of a head by their names.
 *
 * @module
 */
import { decodeFieldValue, normalizeCoding } from "../../http/fields.ts";
import { readText } from "../read_text.ts";
import type { WireHead } from "../sockets/connection.ts";
import { isBlank } from "./head.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/**
 * The values of all fields with a name, in their order, each character a byte.
 *
 * @param bytes a whole head that `parseHead` has read
 * @param name in lower case
 */
export function parseFields(bytes: Uint8Array, name: string): string[] {
  const values: string[] = [];
  for (let at = valueAt(bytes, 0, name); at > 0; at = valueAt(bytes, at, name)) {
    values.push(readValue(bytes, at, bytes.indexOf(LF, at)));
  }
  return values;
}

/**
 * Where the next value of a name begins, after its colon; 0 without another value. It looks for the
 * first byte of the name first, and then for the beginning of its line. That takes half as long as
 * the other way round: 97 ns for a head of nginx instead of 184, and 236 with `indexOf`.
 *
 * @param from a position in any line before
 */
function valueAt(bytes: Uint8Array, from: number, name: string): number {
  const { length } = name;
  const first = name.charCodeAt(0) | 0x20;
  const last = bytes.length - length;
  for (let k = from + 1; k < last; k++) {
    if (
      (bytes[k] | 0x20) === first && bytes[k - 1] === LF && bytes[k + length] === COLON &&
      isFieldName(bytes, k, name)
    ) return k + length + 1;
  }
  return 0;
}

/** The last value of a name: most responses of a run have the same. */
interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The maximum number of names whose last value is kept, and of bytes of a value. */
const MAX_KNOWN = 64;
const MAX_KNOWN_LENGTH = 256;
const known = new Map<string, Known>();

/** The text of a value; the kept text if the value is the same as before. */
function internValue(bytes: Uint8Array, from: number, to: number, name: string): string {
  const before = known.get(name);
  if (before !== undefined && isSame(bytes, from, to, before.bytes)) return before.text;
  const text = decodeFieldValue(readValue(bytes, from, to));
  const isShort = to - from <= MAX_KNOWN_LENGTH && name.length <= MAX_KNOWN_LENGTH;
  if (isShort && (before !== undefined || known.size < MAX_KNOWN)) {
    known.set(name, { bytes: bytes.slice(from, to), text });
  }
  return text;
}

function isSame(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (to - from !== other.length) return false;
  for (let k = 0; k < other.length; k++) if (bytes[from + k] !== other[k]) return false;
  return true;
}

/** Whether the bytes of a token are a name, in any case. */
function isFieldName(bytes: Uint8Array, from: number, name: string): boolean {
  for (let k = 0; k < name.length; k++) {
    const byte = bytes[from + k];
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== name.charCodeAt(k)) return false;
  }
  return true;
}

/** The text between two positions, without the white space around it (RFC 9110 §5.5). */
function readValue(bytes: Uint8Array, from: number, to: number): string {
  if (bytes[to - 1] === CR) to--;
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  return readText(bytes, from, to);
}

/** A head as bytes. A field becomes text only when it is asked for. */
export class RawHead implements WireHead {
  readonly status: number;
  readonly #bytes: Uint8Array;
  /** Undefined as long as nobody has asked. */
  #coding: string | null | undefined;

  /** @param bytes up to and including the empty line, at most `MAX_HEAD_BYTES`; not copied */
  constructor(status: number, bytes: Uint8Array) {
    this.status = status;
    this.#bytes = bytes;
  }

  clone(): RawHead {
    return new RawHead(this.status, this.#bytes.slice());
  }

  lines(): string[] {
    const text = readText(this.#bytes, 0, this.#bytes.length);
    return text.replace(/\r?\n\r?\n$/, "").split(/\r?\n/);
  }

  toHttp1(): Uint8Array {
    return this.#bytes;
  }

  get coding(): string | null {
    if (this.#coding === undefined) {
      this.#coding = normalizeCoding(this.field("content-encoding"));
    }
    return this.#coding;
  }

  field(name: string): string | null {
    const bytes = this.#bytes;
    const at = valueAt(bytes, 0, name);
    if (at === 0) return null;
    if (valueAt(bytes, at, name) > 0) return decodeFieldValue(parseFields(bytes, name).join(", "));
    return internValue(bytes, at, bytes.indexOf(LF, at), name);
  }
}
