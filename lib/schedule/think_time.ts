import { BinaryHeap } from "@std/data-structures/binary-heap";
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

  /** Begins the wait of a place. @param i the number of the request that has ended there */
  begin(i: number, nowMs: number): void {
    this.#endsMs.push(nowMs + this.#minMs + this.#rangeMs * drawShare(i));
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

/** A share from 0 to below 1 that looks random, and is always the same for a number. */
function drawShare(i: number): number {
  // The finalizer of MurmurHash3, of both halves of the number.
  let hash = (i ^ Math.imul(Math.floor(i / 2 ** 32), 0x9e3779b1)) + 0x7f4a7c15;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
