/** Tables, so that one at a time grows. */
const TABLES = 256;
const FIRST_CAPACITY = 16;
/** How full a table gets, and by how much it grows then: 12.5 to 19 bytes a path. */
const MAX_FULL = 0.8;
const GROWTH = 1.5;

/** Open addressing with linear probing (Knuth, TAOCP 3, 6.4, algorithm L). */
class Table {
  low = new Uint32Array(FIRST_CAPACITY);
  high = new Uint32Array(FIRST_CAPACITY);
  /** 0 where the place is free. */
  states = new Uint16Array(FIRST_CAPACITY);
  #size = 0;

  /** The place of a hash, or the free one where it belongs. */
  find(low: number, high: number): number {
    const capacity = this.states.length;
    let k = Math.floor(high * capacity / 2 ** 32);
    while (this.states[k] !== 0 && (this.low[k] !== low || this.high[k] !== high)) {
      k = k + 1 === capacity ? 0 : k + 1;
    }
    return k;
  }

  add(place: number, low: number, high: number, state: number): void {
    this.low[place] = low;
    this.high[place] = high;
    this.states[place] = state;
    if (++this.#size > this.states.length * MAX_FULL) this.#grow();
  }

  #grow(): void {
    const { low, high, states } = this;
    const capacity = Math.ceil(states.length * GROWTH);
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
    this.states = new Uint16Array(capacity);
    for (let k = 0; k < states.length; k++) {
      if (states[k] === 0) continue;
      const place = this.find(low[k], high[k]);
      this.low[place] = low[k];
      this.high[place] = high[k];
      this.states[place] = states[k];
    }
  }
}

/** States by hash: 10 bytes each, and the room that a table needs. */
export class HashStateTable {
  readonly #tables = Array.from({ length: TABLES }, () => new Table());

  /** 0 where there is none. */
  get(low: number, high: number): number {
    const table = this.#tables[low % TABLES];
    return table.states[table.find(low, high)];
  }

  /** @param state not 0 */
  set(low: number, high: number, state: number): void {
    const table = this.#tables[low % TABLES];
    const place = table.find(low, high);
    if (table.states[place] === 0) table.add(place, low, high, state);
    else table.states[place] = state;
  }

  /** Calls back for each state. */
  forEach(take: (state: number, key: number) => void): void {
    for (const { low, high, states } of this.#tables) {
      for (let k = 0; k < states.length; k++) {
        if (states[k] !== 0) take(states[k], hashKey(low[k], high[k]));
      }
    }
  }
}

/** A safe integer of 53 bits for a hash. */
export function hashKey(low: number, high: number): number {
  return (high & 0x1fffff) * 2 ** 32 + low;
}
