import { BinaryHeap } from "@std/data-structures/binary-heap";
import { mixBits } from "../mix_bits.ts";
import type { ThinkOptions } from "../options/run_options.ts";

/**
 * Places that are in use although nothing is in flight: after each request a place waits, as a user
 * does who reads a page. At most as many as the concurrency.
 */
export class ThinkTime {
  readonly #minMs: number;
  readonly #rangeMs: number;
  /** When each of them is free again. */
  readonly #endsMs = new BinaryHeap((a: number, b: number) => a - b);

  constructor({ minMs, maxMs }: ThinkOptions) {
    this.#minMs = minMs;
    this.#rangeMs = maxMs - minMs;
  }

  /**
   * Begins the wait of a place.
   *
   * @param i the number of the request that has ended there: after the same one, the wait is the same
   */
  begin(i: number, nowMs: number): void {
    const share = mixBits(i, i / 2 ** 32) / 2 ** 32;
    this.#endsMs.push(nowMs + this.#minMs + this.#rangeMs * share);
  }

  /** How many places wait. */
  countPlaces(nowMs: number): number {
    for (let endMs; (endMs = this.#endsMs.peek()) !== undefined && endMs <= nowMs;) {
      this.#endsMs.pop();
    }
    return this.#endsMs.length;
  }

  /** When the first of them is free; Infinity without one. */
  get firstMs(): number {
    return this.#endsMs.peek() ?? Infinity;
  }
}
