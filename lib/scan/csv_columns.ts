import { toFields } from "../source/csv.ts";
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

const QUOTE = 0x22;
const COMMA = 0x2c;

/** Text that the CSV of a run marks, so that no spreadsheet takes it for a formula. */
const MARKED = /^'(?=[=+\-@\t\r])/;

const decoder = new TextDecoder();

/** Finds fields in records of CSV (RFC 4180) by their columns. */
export class CsvColumns implements Scanner, RecordScanner {
  readonly isTyped = false;
  bytes: Uint8Array = new Uint8Array();
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** By column, the field that it holds; -1 for a column that is not asked for. */
  readonly #fields: readonly number[];

  /**
   * @param names the fields to find, which are then known by their place
   * @param header the first record
   */
  constructor(names: readonly string[], header: string) {
    const columns = toFields(header);
    this.#fields = typeof columns === "string" ? [] : columns.map((name) => names.indexOf(name));
    this.kinds = new Uint8Array(names.length);
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
  }

  /** Whether there is a column for a field. */
  has(field: number): boolean {
    return this.#fields.includes(field);
  }

  scan(bytes: Uint8Array, from: number, to: number): boolean {
    const { kinds, starts, ends } = this;
    const fields = this.#fields;
    kinds.fill(ABSENT);
    this.bytes = bytes;
    let k = from;
    for (let column = 0; column < fields.length; column++) {
      let start = k;
      let end;
      let kind = PLAIN;
      if (bytes[k] === QUOTE && k < to) {
        start = ++k;
        for (;; k++) {
          if (k >= to) return false;
          if (bytes[k] !== QUOTE) continue;
          if (k + 1 >= to || bytes[k + 1] !== QUOTE) break;
          kind = ESCAPED;
          k++;
        }
        end = k++;
        if (k < to && bytes[k] !== COMMA) return false;
      } else {
        for (; k < to && bytes[k] !== COMMA; k++) if (bytes[k] === QUOTE) return false;
        end = k;
      }
      const field = fields[column];
      if (field >= 0) {
        starts[field] = start;
        ends[field] = end;
        if (end === start) kinds[field] = NULL;
        else {
          const number = kind === PLAIN ? numberKind(bytes, start, end) : OTHER;
          kinds[field] = number === OTHER ? kind : number;
        }
      }
      if (k >= to) return column === fields.length - 1;
      k++;
    }
    return false;
  }

  text(field: number): string {
    const text = decoder.decode(this.bytes.subarray(this.starts[field], this.ends[field]));
    const value = this.kinds[field] === ESCAPED ? text.replaceAll('""', '"') : text;
    return value.replace(MARKED, "");
  }
}

/**
 * Whether a record continues behind a line because a quoted field is open. Quotes within a field
 * are doubled, so that their number is odd then.
 */
export function isQuoteOpen(bytes: Uint8Array, from: number, to: number): boolean {
  let isOpen = false;
  for (let k = from; k < to; k++) if (bytes[k] === QUOTE) isOpen = !isOpen;
  return isOpen;
}
