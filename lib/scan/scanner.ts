/** The kinds of a field's value in a line or record. */
export const ABSENT = 0;
/** JSON's null, or an empty field of CSV. */
export const NULL = 1;
/** Text whose bytes stand for themselves. */
export const PLAIN = 2;
/** Text in which something is escaped: {@linkcode ScannedFields.text} has it. */
export const ESCAPED = 3;
/** A whole number from 0 to 2^53 - 1. */
export const INTEGER = 4;
/** Anything else. */
export const OTHER = 5;
/** A number from 0 with decimals: at most 15 digits, without an exponent. */
export const DECIMAL = 6;

/** The values of a few fields of a line or a row. */
export interface ScannedFields {
  /** The bytes with the values of the last line: the line's own, or a copy of what matters. */
  readonly bytes: Uint8Array;
  /** By field, the kind of its value. */
  readonly kinds: Uint8Array;
  /** By field, where its value begins and ends in {@linkcode bytes}. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The value of a field that is text. */
  text(field: number): string;
}

/** Finds a few fields in lines, without decoding the others. */
export interface Scanner extends ScannedFields {
  /** @returns whether it is a line of the format; if not, the fields are meaningless */
  scan(bytes: Uint8Array, from: number, to: number): boolean;
}

/** Fields of a record of a run. */
export interface RecordScanner extends ScannedFields {
  /** Whether values have types: if not, a number can stand for a text of digits. */
  readonly isTyped: boolean;
}

/** The value of an {@linkcode INTEGER}. */
export function integerAt({ bytes, starts, ends }: ScannedFields, field: number): number {
  return readInteger(bytes, starts[field], ends[field]);
}

function readInteger(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let k = from; k < to; k++) value = value * 10 + (bytes[k] - 0x30);
  return value;
}

/** The value of an {@linkcode INTEGER} or a {@linkcode DECIMAL}, as `Number` would read it. */
export function numberAt({ bytes, starts, ends }: ScannedFields, field: number): number {
  let digits = 0;
  let scale = 1;
  let isBehindPoint = false;
  for (let k = starts[field]; k < ends[field]; k++) {
    if (bytes[k] === POINT) isBehindPoint = true;
    else {
      digits = digits * 10 + (bytes[k] - 0x30);
      if (isBehindPoint) scale *= 10;
    }
  }
  // Both are exact, so their quotient is the nearest number there is.
  return digits / scale;
}

const POINT = 0x2e;

/** {@linkcode INTEGER} or {@linkcode DECIMAL}, or {@linkcode OTHER} if the bytes are neither. */
export function numberKind(bytes: Uint8Array, from: number, to: number): number {
  let point = -1;
  for (let k = from; k < to; k++) {
    if (bytes[k] === POINT && point < 0 && k > from && k < to - 1) point = k;
    else if (bytes[k] < 0x30 || bytes[k] > 0x39) return OTHER;
  }
  const whole = (point < 0 ? to : point) - from;
  const digits = to - from - (point < 0 ? 0 : 1);
  if (digits < 1 || digits > 16 || (bytes[from] === 0x30 && whole > 1)) return OTHER;
  if (digits < 16) return point < 0 ? INTEGER : DECIMAL;
  return point < 0 && readInteger(bytes, from, to) <= Number.MAX_SAFE_INTEGER ? INTEGER : OTHER;
}
