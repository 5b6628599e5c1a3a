import type { RequestPath } from "./request_path.ts";

const ZERO = 0x30;
const NINE = 0x39;
/** So many digits are always a safe integer. */
const MAX_DIGITS = 15;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** Where in the paths of a run the number of a request stands: between two fixed pieces. */
export class NumberedPath {
  readonly #before: Uint8Array;
  readonly #after: Uint8Array;

  /**
   * Finds the one piece by which paths differ.
   *
   * @param paths a sample, of which all have to fit
   * @returns undefined if there is none, or it is no number
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
    // What all numbers of the sample begin or end with is a part of them.
    while (before > 0 && isDigit(first[before - 1])) before--;
    while (after > 0 && isDigit(first[first.length - after])) after--;
    const place = new NumberedPath(first.slice(0, before), first.slice(first.length - after));
    const fits = paths.every((bytes) => place.numberOf({ bytes, from: 0, to: bytes.length }) >= 0);
    return fits ? place : undefined;
  }

  private constructor(before: Uint8Array, after: Uint8Array) {
    this.#before = before;
    this.#after = after;
  }

  /** The number in a path; -1 if it has none there, or it is not written as numbers are. */
  numberOf({ bytes, from, to }: Pick<RequestPath, "bytes" | "from" | "to">): number {
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

  /** The path with a number. */
  pathOf(number: number): string {
    const decoder = new TextDecoder();
    return `${decoder.decode(this.#before)}${number}${decoder.decode(this.#after)}`;
  }
}
