/** The states are in many tables: only one of them at a time grows, and needs memory for that. */
const TABLES = 256;
const FIRST_CAPACITY = 16;
/** A table that is fuller than this grows by `GROWTH`: it takes 12.5 to 19 bytes a path. */
const MAX_LOAD = 0.8;
const GROWTH = 1.5;

/** Open addressing with linear probing (Knuth, TAOCP 3, 6.4, algorithm L). */
class Table {
  low = new Uint32Array(FIRST_CAPACITY);
  high = new Uint32Array(FIRST_CAPACITY);
  /** 0 in a free slot. */
  states = new Uint16Array(FIRST_CAPACITY);
  #size = 0;

  /** Finds the slot of a hash, or the free slot where it belongs. */
  find(low: number, high: number): number {
    const capacity = this.states.length;
    let k = Math.floor(high * capacity / 2 ** 32);
    while (this.states[k] !== 0 && (this.low[k] !== low || this.high[k] !== high)) {
      k = k + 1 === capacity ? 0 : k + 1;
    }
    return k;
  }

  add(slot: number, low: number, high: number, state: number): void {
    this.low[slot] = low;
    this.high[slot] = high;
    this.states[slot] = state;
    if (++this.#size > this.states.length * MAX_LOAD) this.#grow();
  }

  #grow(): void {
    const { low, high, states } = this;
    const capacity = Math.ceil(states.length * GROWTH);
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
    this.states = new Uint16Array(capacity);
    for (let k = 0; k < states.length; k++) {
      if (states[k] === 0) continue;
      const slot = this.find(low[k], high[k]);
      this.low[slot] = low[k];
      this.high[slot] = high[k];
      this.states[slot] = states[k];
    }
  }
}

/** States by hashes of 64 bits: 10 bytes each, and the free slots. */
export class HashStateTable {
  readonly #tables = Array.from({ length: TABLES }, () => new Table());

  /** The state of a hash; 0 without one. */
  get(low: number, high: number): number {
    const table = this.#tables[low % TABLES];
    return table.states[table.find(low, high)];
  }

  /** @param state not 0 */
  set(low: number, high: number, state: number): void {
    const table = this.#tables[low % TABLES];
    const slot = table.find(low, high);
    if (table.states[slot] === 0) table.add(slot, low, high, state);
    else table.states[slot] = state;
  }

  /** Calls back for each state, with the key of its hash. */
  forEach(callback: (state: number, key: number) => void): void {
    for (const { low, high, states } of this.#tables) {
      for (let k = 0; k < states.length; k++) {
        if (states[k] !== 0) callback(states[k], toHashKey(low[k], high[k]));
      }
    }
  }
}

/** Makes a key of a hash: a safe integer, of its lower 53 bits. */
export function toHashKey(low: number, high: number): number {
  return (high & 0x1fffff) * 2 ** 32 + low;
}
