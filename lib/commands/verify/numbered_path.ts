import type { RequestPath } from "./request_path.ts";

const ZERO = 0x30;
const NINE = 0x39;
/** A number with so many digits is a safe integer. */
const MAX_DIGITS = 15;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** The pattern of a run's paths: the number of the request between two fixed pieces. */
export class NumberedPath {
  readonly #before: Uint8Array;
  readonly #after: Uint8Array;

  /**
   * Finds the one piece in which paths differ.
   *
   * @param paths a sample; the pattern has to fit each of them
   * @returns undefined if the paths differ in several pieces, or by text that is not a number
   */
  static find(paths: readonly Uint8Array[]): NumberedPath | undefined {
    const [first, ...others] = paths;
    if (first === undefined) return undefined;
    let before = first.length;
    for (const path of others) {
      let k = 0;
      while (k < before && k < path.length && path[k] === first[k]) k++;
      before = k;
    }
    const shortest = Math.min(...paths.map(({ length }) => length));
    let after = shortest - before;
    for (const path of others) {
      let k = 0;
      while (k < after && path[path.length - 1 - k] === first[first.length - 1 - k]) k++;
      after = k;
    }
    // Digits with which all numbers of the sample begin or end are a part of them.
    while (before > 0 && isDigit(first[before - 1])) before--;
    while (after > 0 && isDigit(first[first.length - after])) after--;
    const pattern = new NumberedPath(first.slice(0, before), first.slice(first.length - after));
    const fits = paths.every((bytes) =>
      pattern.parseNumber({ bytes, from: 0, to: bytes.length }) >= 0
    );
    return fits ? pattern : undefined;
  }

  private constructor(before: Uint8Array, after: Uint8Array) {
    this.#before = before;
    this.#after = after;
  }

  /** Parses the number in a path; -1 if the path does not fit, or the number has a leading zero. */
  parseNumber({ bytes, from, to }: Pick<RequestPath, "bytes" | "from" | "to">): number {
    const before = this.#before;
    const after = this.#after;
    const start = from + before.length;
    const end = to - after.length;
    const digits = end - start;
    if (digits < 1 || digits > MAX_DIGITS) return -1;
    if (digits > 1 && bytes[start] === ZERO) return -1;
    for (let k = 0; k < before.length; k++) if (bytes[from + k] !== before[k]) return -1;
    for (let k = 0; k < after.length; k++) if (bytes[end + k] !== after[k]) return -1;
    let number = 0;
    for (let k = start; k < end; k++) {
      const byte = bytes[k];
      if (!isDigit(byte)) return -1;
      number = number * 10 + byte - ZERO;
    }
    return number;
  }

  /** Formats the path with a number. */
  format(number: number): string {
    const decoder = new TextDecoder();
    return `${decoder.decode(this.#before)}${number}${decoder.decode(this.#after)}`;
  }
}
