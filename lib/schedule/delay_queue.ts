import { BinaryHeap } from "@std/data-structures/binary-heap";

interface Entry<T> {
  readonly atMs: number;
  readonly item: T;
}

/** Items in the order of their due times. */
export class DelayQueue<T> {
  readonly #entries = new BinaryHeap((a: Entry<T>, b: Entry<T>) => a.atMs - b.atMs);

  get length(): number {
    return this.#entries.length;
  }

  /** When the first item is due; Infinity for an empty queue. */
  get firstAtMs(): number {
    return this.#entries.peek()?.atMs ?? Infinity;
  }

  add(item: T, atMs: number): void {
    this.#entries.push({ item, atMs });
  }

  /** Takes out the first item; undefined if it is not due. */
  pop(nowMs: number): T | undefined {
    return this.length > 0 && this.firstAtMs <= nowMs ? this.#entries.pop().item : undefined;
  }

  /** Makes some of the items due at once. */
  hasten(isMeant: (item: T) => boolean, nowMs: number): void {
    for (const { item, atMs } of [...this.#entries.drain()]) {
      this.add(item, isMeant(item) ? Math.min(atMs, nowMs) : atMs);
    }
  }
}
