import type { Exchange } from "../sockets/connection.ts";
import type { Stream } from "./stream.ts";

/** The binary logarithm of the number of places at the beginning. */
const MIN_BITS = 4;
/** 2^32 over the golden ratio: numbers that follow each other lie far apart (Knuth, TAOCP 3, §6.4). */
const FACTOR = 0x9e3779b1;

/**
 * The streams of a connection by their numbers: a hash table with open addressing, at most half full.
 *
 * A `Map` would make a new table every few hundred streams, and V8 14 links each to the next one:
 * what a table held that has grown old survives with it. That took a third of the CPU of a request.
 */
export class StreamTable {
  #bits = MIN_BITS;
  /** At most four times as many as there were streams at once. */
  #places = new Array<Stream | undefined>(2 ** MIN_BITS).fill(undefined);
  /** How many streams there are. */
  size = 0;

  get(id: number): Stream | undefined {
    const places = this.#places;
    for (let k = this.#findPlace(id);; k = (k + 1) & (places.length - 1)) {
      const stream = places[k];
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
    const mask = places.length - 1;
    let hole = this.#findPlace(id);
    while (places[hole]!.id !== id) hole = (hole + 1) & mask;
    for (let k = (hole + 1) & mask; places[k] !== undefined; k = (k + 1) & mask) {
      // It may move only towards its own place.
      const wanted = this.#findPlace(places[k]!.id);
      if (((k - wanted) & mask) < ((k - hole) & mask)) continue;
      places[hole] = places[k];
      hole = k;
    }
    places[hole] = undefined;
    this.size--;
  }

  /** The stream of an exchange; undefined if it has ended. */
  find(exchange: Exchange): Stream | undefined {
    return this.#places.find((stream) => stream?.exchange === exchange);
  }

  /** All streams in the order of their numbers; a copy. */
  list(): Stream[] {
    const streams = this.#places.filter((stream) => stream !== undefined);
    return streams.sort((a, b) => a.id - b.id);
  }

  /** The place of a number, if no other stream has it. */
  #findPlace(id: number): number {
    return Math.imul(id, FACTOR) >>> (32 - this.#bits);
  }

  #put(stream: Stream): void {
    const places = this.#places;
    let k = this.#findPlace(stream.id);
    while (places[k] !== undefined) k = (k + 1) & (places.length - 1);
    places[k] = stream;
  }

  #grow(): void {
    const before = this.#places;
    this.#bits++;
    this.#places = new Array<Stream | undefined>(2 * before.length).fill(undefined);
    for (const stream of before) if (stream !== undefined) this.#put(stream);
  }
}
