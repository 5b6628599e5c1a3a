import { mixBits } from "../mix_bits.ts";

/**
 * A share of the numbers from 0 on, spread evenly: of a tenth, one of each ten numbers that follow each
 * other, drawn by chance. Which ones depends on the seed alone.
 */
export class Sample {
  readonly #share: number;
  readonly #seed: number;

  /**
   * @param share more than 0, at most 1
   * @param seed another one, other numbers
   */
  constructor(share: number, seed: number) {
    this.#share = share;
    this.#seed = seed;
  }

  /** The number at a place of the sample; each is larger than the one before. */
  at(place: number): number {
    const from = Math.ceil(place / this.#share);
    const to = Math.ceil((place + 1) / this.#share);
    const high = Math.floor(place / 2 ** 32);
    const drawn = mixBits(place ^ high, this.#seed) / 2 ** 32;
    return from + Math.floor(drawn * (to - from));
  }

  /** How many numbers below a count are in the sample. @param count may be Infinity */
  countBelow(count: number): number {
    if (count === Infinity) return Infinity;
    let place = Math.max(0, Math.floor(count * this.#share) - 1);
    while (place > 0 && this.at(place) >= count) place--;
    while (this.at(place) < count) place++;
    return place;
  }
}
