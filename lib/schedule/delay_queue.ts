import { BinaryHeap } from "@std/data-structures/binary-heap";

interface Entry<T> {
  readonly atMs: number;
  readonly item: T;
}

/** Items by the time that they are due. */
export class DelayQueue<T> {
  readonly #entries = new BinaryHeap((a: Entry<T>, b: Entry<T>) => a.atMs - b.atMs);

  get length(): number {
    return this.#entries.length;
  }

  /** When the first is due; Infinity if there is none. */
  get firstAtMs(): number {
    return this.#entries.peek()?.atMs ?? Infinity;
  }

  add(item: T, atMs: number): void {
    this.#entries.push({ item, atMs });
  }

  /** Takes out the first, if it is due. */
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
