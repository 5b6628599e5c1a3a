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
/** Anything else. */
export const OTHER = 5;

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

/** {@linkcode INTEGER}, or {@linkcode OTHER} if the octets are none. */
export function numberKind(octets: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 15 || (octets[from] === 0x30 && to - from > 1)) return OTHER;
  for (let k = from; k < to; k++) {
    if (octets[k] < 0x30 || octets[k] > 0x39) return OTHER;
  }
  return INTEGER;
}
