/** What a field's value is, of a line of a log. */
export const ABSENT = 0;
/** JSON's null, or an empty field of CSV. */
export const NULL = 1;
/** Text whose octets stand for themselves. */
export const PLAIN = 2;
/** Text in which something is escaped: {@linkcode Scanner.text} has it. */
export const ESCAPED = 3;
/** A whole number from 0, of at most 15 digits. */
export const INTEGER = 4;
/** A number with a decimal point, from 0, of at most 24 characters. */
export const DECIMAL = 5;
/** Anything else. */
export const OTHER = 6;

/** Finds a few fields in lines, without decoding what nobody asks for. */
export interface Scanner {
  /** Where the values of the last line are: the line's octets, or a copy of what matters in them. */
  readonly octets: Uint8Array;
  /** By field, which of the above it is. */
  readonly kinds: Uint8Array;
  /** By field, where its value begins and ends in {@linkcode octets}. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** @returns whether it is a line of the format; if not, the fields hold nothing of use */
  scan(octets: Uint8Array, from: number, to: number): boolean;
  /** The value of a field that is text. */
  text(field: number): string;
}

/** The value of an {@linkcode INTEGER}. */
export function integerAt({ octets, starts, ends }: Scanner, field: number): number {
  let value = 0;
  for (let k = starts[field]; k < ends[field]; k++) value = value * 10 + octets[k] - 0x30;
  return value;
}

/** The value of an {@linkcode INTEGER} or a {@linkcode DECIMAL}. */
export function numberAt(scanner: Scanner, field: number): number {
  if (scanner.kinds[field] === INTEGER) return integerAt(scanner, field);
  const { octets, starts, ends } = scanner;
  // Both are exact so far, so their quotient is the nearest number, as `Number()` has it.
  if (ends[field] - starts[field] > 16) return Number(scanner.text(field));
  let value = 0;
  let scale = 0;
  for (let k = starts[field]; k < ends[field]; k++) {
    if (octets[k] === POINT) scale = 1;
    else {
      value = value * 10 + octets[k] - 0x30;
      scale *= 10;
    }
  }
  return value / scale;
}

const POINT = 0x2e;
/** Most characters of a number with a decimal point. */
const MOST_OF_DECIMAL = 24;

/** {@linkcode INTEGER}, {@linkcode DECIMAL}, or {@linkcode OTHER} if the octets are none. */
export function numberKind(octets: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length === 0 || length > MOST_OF_DECIMAL) return OTHER;
  let point = -1;
  for (let k = from; k < to; k++) {
    if (octets[k] >= 0x30 && octets[k] <= 0x39) continue;
    if (octets[k] !== POINT || point >= 0) return OTHER;
    point = k;
  }
  const whole = (point < 0 ? to : point) - from;
  if (whole === 0 || whole > 15 || (octets[from] === 0x30 && whole > 1)) return OTHER;
  if (point < 0) return INTEGER;
  return point === to - 1 ? OTHER : DECIMAL;
}
