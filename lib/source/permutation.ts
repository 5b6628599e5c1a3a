import { mixBits } from "../mix_bits.ts";

/** Rounds of the network: with four, an order already looks random; the others cost 10 ns each. */
const ROUNDS = 6;

/**
 * An order of the numbers below a count, which looks random and takes no memory: each number is
 * encrypted by a Feistel network, again until it is below the count.
 */
export class Permutation {
  readonly #count: number;
  /** Numbers have two halves of so many values each. */
  readonly #half: number;
  readonly #keys: readonly number[];

  /**
   * @param count from 1 to 2^53 - 1
   * @param seed another one, another order
   */
  constructor(count: number, seed: number) {
    this.#count = count;
    this.#half = 2 ** Math.ceil(Math.max(2, Math.log2(count)) / 2);
    this.#keys = Array.from({ length: ROUNDS }, (_, round) => mixBits(seed, round));
  }

  /** The number at a place. @param place below the count */
  at(place: number): number {
    const half = this.#half;
    let left = Math.floor(place / half);
    let right = place % half;
    // In halves, since two of 27 bits make a number that is not exact.
    do {
      for (const key of this.#keys) {
        const mixed = (left + (mixBits(right, key) & half - 1)) % half;
        left = right;
        right = mixed;
      }
    } while (left * half + right >= this.#count);
    return left * half + right;
  }
}
