import type { Stream } from "./stream.ts";

const MIN_PLACES = 16;

/**
 * The streams of a connection by their numbers.
 *
 * It is a hash table with open addressing, at most half full. Numbers follow each other, so that
 * nearly every stream has the place of its own that its number gives:
 *
 *     place   id / 2 modulo the places, or the next free one
 *
 * A `Map` would make a new table every few hundred streams, and V8 14 links each to the next one:
 * what a table held that has grown old survives with it. That took a third of the CPU of a request.
 */
export class StreamTable {
  /** A power of 2; at most four times the maximum number of streams at once. */
  #places = new Array<Stream | undefined>(MIN_PLACES).fill(undefined);
  #mask = MIN_PLACES - 1;
  /** How many streams there are. */
  size = 0;

  get(id: number): Stream | undefined {
    for (let k = (id >>> 1) & this.#mask;; k = (k + 1) & this.#mask) {
      const stream = this.#places[k];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose number is not there. */
  add(stream: Stream): void {
    if (2 * ++this.size > this.#places.length) this.#grow();
    this.#put(stream);
  }

  /** Removes a stream that is there. Those that had to give way to it move up. */
  delete(id: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let hole = (id >>> 1) & mask;
    while (places[hole]!.id !== id) hole = (hole + 1) & mask;
    for (let k = (hole + 1) & mask; places[k] !== undefined; k = (k + 1) & mask) {
      const wanted = (places[k]!.id >>> 1) & mask;
      // It may move only towards its own place.
      if (((k - wanted) & mask) < ((k - hole) & mask)) continue;
      places[hole] = places[k];
      hole = k;
    }
    places[hole] = undefined;
    this.size--;
  }

  /** All streams in the order of their numbers; a copy. */
  list(): Stream[] {
    const streams = this.#places.filter((stream) => stream !== undefined);
    return streams.sort((a, b) => a.id - b.id);
  }

  #put(stream: Stream): void {
    let k = (stream.id >>> 1) & this.#mask;
    while (this.#places[k] !== undefined) k = (k + 1) & this.#mask;
    this.#places[k] = stream;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Array<Stream | undefined>(2 * before.length).fill(undefined);
    this.#mask = this.#places.length - 1;
    for (const stream of before) if (stream !== undefined) this.#put(stream);
  }
}
