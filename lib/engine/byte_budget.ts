/**
 * How many bytes a second may go in one direction.
 *
 * @module
 */

/** How much of the time in which nothing went can be made up for: timers are late by some of it. */
const BURST_MS = 50;

/** The directions, each with a cell of the memory. */
export const DIRECTIONS = { received: 0, sent: 1 } as const;

const NS_PER_MS = 1e6;

/** Makes the memory of the budgets of a run, which all of its event loops share. */
export function createBudgetMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT * Object.keys(DIRECTIONS).length);
}

/**
 * A budget of bytes a second for one direction, shared by the event loops of a run. What has gone is
 * charged, and puts off the time at which the next bytes may go:
 *
 * ```text
 *          charged, at the rate
 * ──────────────┬───────────────────┬──────► time
 *              now   debt    free again
 * ```
 *
 * It is pure in time, which is that of the clock that all event loops have in common.
 */
export class ByteBudget {
  readonly #nsPerByte: number;
  /** When the next bytes may go, in nanoseconds. */
  readonly #cells: BigInt64Array<SharedArrayBuffer>;
  readonly #cell: number;

  /**
   * @param bytesPerSecond more than 0
   * @param memory of {@linkcode createBudgetMemory}
   */
  constructor(
    bytesPerSecond: number,
    memory: SharedArrayBuffer,
    direction: keyof typeof DIRECTIONS,
  ) {
    this.#nsPerByte = 1e9 / bytesPerSecond;
    this.#cells = new BigInt64Array(memory);
    this.#cell = DIRECTIONS[direction];
  }

  /** Charges bytes that go, or have gone. @param nowMs the common time */
  charge(bytes: number, nowMs: number): void {
    const costNs = BigInt(Math.ceil(bytes * this.#nsPerByte));
    const earliestNs = toNs(nowMs - BURST_MS);
    for (let free = Atomics.load(this.#cells, this.#cell);;) {
      const next = (free > earliestNs ? free : earliestNs) + costNs;
      const found = Atomics.compareExchange(this.#cells, this.#cell, free, next);
      if (found === free) return;
      free = found;
    }
  }

  /** Milliseconds until more bytes may go; 0 or less if they may. @param nowMs the common time */
  debtMs(nowMs: number): number {
    return Number(Atomics.load(this.#cells, this.#cell) - toNs(nowMs)) / NS_PER_MS;
  }
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}
