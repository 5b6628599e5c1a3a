/**
 * Places in a file from which records can be read, about evenly spread. Once there are too many,
 * every other one is dropped.
 */
export class StartingPoints {
  readonly #max: number;
  /** The minimum number of bytes between two of them. */
  #distance = 0;
  /** Where each is, in bytes; these lists have at most `max` entries. */
  readonly offsets: number[] = [];
  /** How many records stand before each. */
  readonly counts: number[] = [];
  /** How many lines stand before each. */
  readonly lines: number[] = [];

  /** @param max how many there may be, from 2 */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Adds a place, unless it is near the one before.
   *
   * @param count how many records stand before it
   * @param line how many lines stand before it
   */
  add(offset: number, count: number, line: number): void {
    const { offsets, counts, lines } = this;
    if (offset - (offsets.at(-1) ?? -Infinity) < this.#distance) return;
    offsets.push(offset);
    counts.push(count);
    lines.push(line);
    if (offsets.length < this.#max) return;
    for (const list of [offsets, counts, lines]) {
      for (let k = 0; 2 * k < list.length; k++) list[k] = list[2 * k];
      list.length = Math.ceil(list.length / 2);
    }
    this.#distance = offset / offsets.length;
  }

  /** Which of them is the last one before a record. @param place of the record, from 0 */
  find(place: number): number {
    let from = 0;
    let to = this.counts.length;
    while (to - from > 1) {
      const middle = from + to >> 1;
      if (this.counts[middle] <= place) from = middle;
      else to = middle;
    }
    return from;
  }
}
