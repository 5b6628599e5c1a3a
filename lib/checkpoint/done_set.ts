import { isCount, isObject } from "../text/json_shape.ts";

/** Bits of the ring: 512 KB. */
const RING = 2 ** 22;
/** How far above the low-water mark a number may be; the byte of the mark stays whole. */
export const REACH = RING - 8;

/** A set as plain data, to be stored as JSON. */
export interface DoneSetState {
  /** All numbers below are in it. */
  readonly low: number;
  /** One bit for each number, in base64; the lowest of the first byte is `low - low % 8`. */
  readonly above: string;
}

/** Whether a value of JSON is what {@linkcode DoneSet.toJSON} gives. */
export function isDoneSetState(value: unknown): value is DoneSetState {
  if (!isObject(value) || !isCount(value.low) || typeof value.above !== "string") return false;
  try {
    return Uint8Array.fromBase64(value.above).length <= RING / 8;
  } catch {
    return false;
  }
}

/** How many numbers are in a set. */
export function countDone({ low, above }: DoneSetState): number {
  let count = low;
  for (let byte of Uint8Array.fromBase64(above)) for (; byte > 0; byte &= byte - 1) count++;
  return count;
}

/**
 * Which numbers from 0 on are done, where they are done nearly in order: a low-water mark below
 * which all are, and a ring of bits for those above it. Of fixed size.
 *
 * ```text
 * 0 … low - 1   low   …   high - 1   …   low + REACH - 1
 *   all done   not done   some done     not to be begun yet
 * ```
 */
export class DoneSet {
  #low = 0;
  /** Behind the highest that is done. */
  #high = 0;
  readonly #bits = new Uint8Array(RING / 8);

  /** The set that {@linkcode toJSON} made plain data of. */
  static from({ low, above }: DoneSetState): DoneSet {
    const set = new DoneSet();
    set.#low = set.#high = low;
    for (const [k, byte] of Uint8Array.fromBase64(above).entries()) {
      for (let bit = 0; bit < 8; bit++) {
        const number = low - low % 8 + k * 8 + bit;
        // Beyond the last one that can be counted, numbers are not told apart.
        const isOne = number > low && number < Number.MAX_SAFE_INTEGER && set.reaches(number);
        if ((byte >> bit & 1) === 1 && isOne) set.add(number);
      }
    }
    return set;
  }

  /** All numbers below are done; this one is not. */
  get low(): number {
    return this.#low;
  }

  /** Whether a number is near enough to the low-water mark to be marked. */
  reaches(number: number): boolean {
    return number < this.#low + REACH;
  }

  has(number: number): boolean {
    if (number < this.#low) return true;
    if (number >= this.#high) return false;
    const place = number % RING;
    return (this.#bits[place >> 3] >> (place & 7) & 1) === 1;
  }

  /** @param number not done yet, and in reach */
  add(number: number): void {
    if (number === this.#low && this.#high <= number + 1) {
      // The usual case of few at once: nothing stands above it.
      this.#low = this.#high = number + 1;
      return;
    }
    const place = number % RING;
    this.#bits[place >> 3] |= 1 << (place & 7);
    if (number >= this.#high) this.#high = number + 1;
    while (this.#low < this.#high && this.#take(this.#low)) this.#low++;
  }

  /** Clears a bit. @returns whether it was set */
  #take(number: number): boolean {
    const place = number % RING;
    const bit = 1 << (place & 7);
    if ((this.#bits[place >> 3] & bit) === 0) return false;
    this.#bits[place >> 3] &= ~bit;
    return true;
  }

  /** The set as plain data; by bytes, since a slow request can leave millions above it. */
  toJSON(): DoneSetState {
    const low = this.#low;
    if (this.#high === low) return { low, above: "" };
    const base = low - low % 8;
    const from = base % RING / 8;
    const length = Math.ceil((this.#high - base) / 8);
    const behind = this.#bits.subarray(from, from + length);
    const above = new Uint8Array(length);
    above.set(behind);
    above.set(this.#bits.subarray(0, length - behind.length), behind.length);
    return { low, above: above.toBase64() };
  }
}
