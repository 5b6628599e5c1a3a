/** How large a {@linkcode NameCache} is. */
export interface NameCacheSize {
  /** The bytes of all entries, about 40 to 80 for each name; a multiple of 4. */
  readonly ringBytes: number;
  /** The maximum number of entries, a power of 2 from 4. */
  readonly slots: number;
}

/** Enough for 200,000 names. */
const SIZE: NameCacheSize = { ringBytes: 16 * 2 ** 20, slots: 2 ** 20 };
/** An entry has a place in one of so many slots, its bucket, by the hash of its name. */
const WAYS = 8;
/** Longer ones are not remembered. */
const MAX_NAME_LENGTH = 255;
const MAX_TEXT_LENGTH = 2_000;

/** Entries begin at multiples of so many bytes, so that 32 bits are enough for their places. */
const ALIGNMENT = 4;
/** All entries are forgotten when so many bytes have been written. */
const MAX_WRITTEN = 2 ** 32 * ALIGNMENT;
/** The end of an entry is kept in units of so many milliseconds, in 32 bits: 13 years. */
const TICK_MS = 100;

const HEADER_BYTES = 7;

/**
 * Remembers a short text for each of many names, for a time. The memory is fixed, whatever the number
 * of names: a new entry takes the bytes of the oldest ones.
 *
 * ```text
 * slots  [ place | place | 0 | 0 ]  the bucket of a name's hash
 *             │
 * ring   [ … newest ][ oldest … ]   end (4), length of name (1) and text (2), name, text
 * ```
 */
export class NameCache {
  readonly #size: NameCacheSize;
  #ring = new Uint8Array(0);
  /** Where entries begin, in units of {@linkcode ALIGNMENT} from the first one ever; 0 if empty. */
  #slots = new Uint32Array(0);
  readonly #seed = Math.random() * 2 ** 32 | 0;
  /** Bytes written so far, the skipped ones at the end of the ring included. */
  #written = ALIGNMENT;

  constructor(size = SIZE) {
    this.#size = size;
  }

  /**
   * Remembers a text.
   *
   * @param name characters up to U+00FF
   * @param text characters up to U+00FF
   * @param untilMs milliseconds since a moment that is the same for all calls, from 0
   */
  set(name: string, text: string, untilMs: number): void {
    if (name.length > MAX_NAME_LENGTH || text.length > MAX_TEXT_LENGTH) return;
    if (this.#ring.length === 0) {
      // The system gives memory only to what is written.
      this.#ring = new Uint8Array(this.#size.ringBytes);
      this.#slots = new Uint32Array(this.#size.slots);
    }
    const ring = this.#ring;
    const known = this.#findSlot(name);
    // A name that is looked up again and again takes nobody's bytes.
    if (known !== undefined && this.#readText(known) === text) {
      return this.#writeEnd(this.#locate(known), untilMs);
    }
    const length = HEADER_BYTES + name.length + text.length;
    const size = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    const left = ring.length - this.#written % ring.length;
    if (left < size) this.#written += left;
    if (this.#written + size >= MAX_WRITTEN) {
      this.#slots.fill(0);
      this.#written = ALIGNMENT;
    }
    this.#slots[known ?? this.#findOldest(name)] = this.#written / ALIGNMENT;
    let place = this.#written % ring.length;
    this.#writeEnd(place, untilMs);
    ring[place + 4] = name.length;
    ring[place + 5] = text.length >> 8;
    ring[place + 6] = text.length & 255;
    place += HEADER_BYTES;
    for (let i = 0; i < name.length; i++) ring[place++] = name.charCodeAt(i);
    for (let i = 0; i < text.length; i++) ring[place++] = text.charCodeAt(i);
    this.#written += size;
  }

  /** The text of a name; undefined if it is unknown or out of date. */
  get(
    name: string,
    nowMs: number,
  ): { readonly text: string; readonly untilMs: number } | undefined {
    const slot = this.#findSlot(name);
    if (slot === undefined) return undefined;
    const untilMs = this.#readEnd(this.#locate(slot));
    return untilMs <= nowMs ? undefined : { text: this.#readText(slot), untilMs };
  }

  /** Whether a name was remembered, up to date or not. */
  has(name: string): boolean {
    return this.#findSlot(name) !== undefined;
  }

  /** Whether a name is known, and up to date. */
  knows(name: string, nowMs: number): boolean {
    const slot = this.#findSlot(name);
    return slot !== undefined && this.#readEnd(this.#locate(slot)) > nowMs;
  }

  /** Sets until when a name is remembered, if the text is still the same. */
  extend(name: string, text: string, untilMs: number): void {
    const slot = this.#findSlot(name);
    if (slot === undefined || this.#readText(slot) !== text) return;
    this.#writeEnd(this.#locate(slot), untilMs);
  }

  /** Lets the entry of a name, if there is any, end by then at the latest. */
  limit(name: string, untilMs: number): void {
    const slot = this.#findSlot(name);
    if (slot === undefined) return;
    const place = this.#locate(slot);
    if (this.#readEnd(place) > untilMs) this.#writeEnd(place, untilMs);
  }

  #readText(slot: number): string {
    const ring = this.#ring;
    const place = this.#locate(slot);
    const begin = place + HEADER_BYTES + ring[place + 4];
    const end = begin + (ring[place + 5] << 8 | ring[place + 6]);
    return String.fromCharCode(...ring.subarray(begin, end));
  }

  #writeEnd(place: number, untilMs: number): void {
    const ticks = Math.min(2 ** 32 - 1, Math.floor(untilMs / TICK_MS));
    for (let i = 0; i < 4; i++) this.#ring[place + i] = ticks >>> 8 * i & 255;
  }

  #readEnd(place: number): number {
    const ring = this.#ring;
    const low = ring[place] | ring[place + 1] << 8 | ring[place + 2] << 16;
    return (low + ring[place + 3] * 2 ** 24) * TICK_MS;
  }

  #locate(slot: number): number {
    return this.#slots[slot] * ALIGNMENT % this.#ring.length;
  }

  /** The slot of a name whose bytes were not overwritten. */
  #findSlot(name: string): number | undefined {
    if (this.#ring.length === 0) return undefined;
    const first = this.#hash(name);
    for (let slot = first; slot < first + WAYS; slot++) {
      const begun = this.#slots[slot] * ALIGNMENT;
      if (begun > 0 && this.#written - begun <= this.#ring.length && this.#isAt(slot, name)) {
        return slot;
      }
    }
    return undefined;
  }

  #isAt(slot: number, name: string): boolean {
    const ring = this.#ring;
    const place = this.#locate(slot);
    if (ring[place + 4] !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (ring[place + HEADER_BYTES + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #findOldest(name: string): number {
    const first = this.#hash(name);
    let oldest = first;
    for (let slot = first + 1; slot < first + WAYS; slot++) {
      if (this.#slots[slot] < this.#slots[oldest]) oldest = slot;
    }
    return oldest;
  }

  /** The first slot of a name's bucket, by FNV-1a. */
  #hash(name: string): number {
    let hash = this.#seed ^ 0x811c9dc5;
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    }
    // The upper bits are mixed better.
    return ((hash ^ hash >>> 15) >>> 0) % (this.#slots.length / WAYS) * WAYS;
  }
}
