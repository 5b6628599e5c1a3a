import type { Stream } from "./stream.ts";

/** The first number of slots, a power of two. */
const MIN_SLOTS = 64;

/**
 * The streams of a connection, by their numbers.
 *
 * ```text
 * slot   number / 2, from there on to the first free one
 * ```
 *
 * A `Map` would do, at 4 us a request: each time that it tidies up, it leaves a table behind that
 * leads to the next one, and a table that has grown old keeps all later ones, with their streams,
 * from the collector of young objects.
 */
export class StreamTable {
  /** A power of two; more than twice as many as there ever were streams at a time. */
  #slots: (Stream | undefined)[] = new Array(MIN_SLOTS).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    return this.#slots[this.#find(id)];
  }

  /** Adds a stream, whose number is not in the table. */
  add(stream: Stream): void {
    if (2 * ++this.#size >= this.#slots.length) this.#grow();
    this.#slots[this.#find(stream.id)] = stream;
  }

  /** Removes a stream, if it is there. */
  delete(id: number): void {
    const slots = this.#slots;
    let hole = this.#find(id);
    if (slots[hole] === undefined) return;
    this.#size--;
    slots[hole] = undefined;
    // Those behind it that can be nearer to their own slots move up, so that they are still found.
    const last = slots.length - 1;
    for (let slot = hole + 1 & last; slots[slot] !== undefined; slot = slot + 1 & last) {
      const stream = slots[slot]!;
      const own = stream.id >> 1 & last;
      if ((slot - own & last) < (slot - hole & last)) continue;
      slots[hole] = stream;
      slots[slot] = undefined;
      hole = slot;
    }
  }

  /**
   * The streams in the order of their numbers. Those that are deleted meanwhile are left out, if
   * their turn has not come.
   */
  *values(): Generator<Stream> {
    const all = this.#slots.filter((stream) => stream !== undefined);
    for (const stream of all.sort((a, b) => a.id - b.id)) {
      if (this.get(stream.id) === stream) yield stream;
    }
  }

  /** The slot of a stream, or the free one that it would have. */
  #find(id: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    let slot = id >> 1 & last;
    for (let it = slots[slot]; it !== undefined && it.id !== id; it = slots[slot]) {
      slot = slot + 1 & last;
    }
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array(2 * old.length).fill(undefined);
    for (const stream of old) {
      if (stream !== undefined) this.#slots[this.#find(stream.id)] = stream;
    }
  }
}
