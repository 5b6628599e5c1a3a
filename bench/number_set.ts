/** The most numbers that a set holds, 16 MiB of bits: two hours at 18,000/s. */
const MAX_NUMBERS = 2 ** 27;

/** Whole numbers from 0, a bit each, and how often one came again. */
export class NumberSet {
  #bits = new Uint8Array(2 ** 16);
  #size = 0;
  #repeats = 0;

  /** How many different numbers there are. */
  get size(): number {
    return this.#size;
  }

  /** How often a number was added that was there already. */
  get repeats(): number {
    return this.#repeats;
  }

  /** @throws {RangeError} If the number is not a whole one, or too large. */
  add(number: number): void {
    if (!(Number.isInteger(number) && number >= 0 && number < MAX_NUMBERS)) {
      throw new RangeError(`Cannot count the number ${number}`);
    }
    const at = number >>> 3;
    while (at >= this.#bits.length) {
      const larger = new Uint8Array(this.#bits.length * 2);
      larger.set(this.#bits);
      this.#bits = larger;
    }
    const bit = 1 << (number & 7);
    if ((this.#bits[at] & bit) !== 0) {
      this.#repeats++;
      return;
    }
    this.#bits[at] |= bit;
    this.#size++;
  }

  /** How many of the numbers below `end` are not there. */
  countMissing(end: number): number {
    let missing = 0;
    for (let number = 0; number < end; number++) {
      if ((this.#bits[number >>> 3] >> (number & 7) & 1) === 0) missing++;
    }
    return missing;
  }
}
