/** Numbers a chunk: 64 KiB. */
const CHUNK = 32 * 1024;
/** Chunks that there may be however few numbers they hold: 16 MiB. */
const SPARE_CHUNKS = 256;
/** Beyond those, bytes for each number: what a path without one takes as well. */
const BYTES_A_NUMBER = 16;

/**
 * States by number, 2 bytes each. Where numbers are so far apart that chunks of them would take
 * more than {@linkcode BYTES_A_NUMBER} each, no more chunks are made.
 */
export class PagedStateTable {
  /** At most {@linkcode SPARE_CHUNKS}, and one for each 4,096 numbers that were set. */
  readonly #chunks = new Map<number, Uint16Array>();
  #isClosed = false;
  #added = 0;
  #lastIndex = -1;
  #last: Uint16Array = new Uint16Array();

  #chunkOf(number: number): Uint16Array | undefined {
    const index = Math.floor(number / CHUNK);
    if (index === this.#lastIndex) return this.#last;
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined) {
      this.#lastIndex = index;
      this.#last = chunk;
    }
    return chunk;
  }

  /** Makes room for a number. @returns whether there is some; once it is so, it stays so */
  reserve(number: number): boolean {
    if (this.#chunkOf(number) === undefined) {
      const most = SPARE_CHUNKS + this.#added * BYTES_A_NUMBER / (CHUNK * 2);
      // A number is either always here or never: what was turned away is kept elsewhere.
      this.#isClosed ||= this.#chunks.size >= most;
      if (this.#isClosed) return false;
      this.#chunks.set(Math.floor(number / CHUNK), new Uint16Array(CHUNK));
    }
    this.#added++;
    return true;
  }

  /** 0 where there is none. */
  get(number: number): number {
    return this.#chunkOf(number)?.[number % CHUNK] ?? 0;
  }

  /** Sets the state of a number that has room. */
  set(number: number, state: number): void {
    this.#chunkOf(number)![number % CHUNK] = state;
  }

  /** Calls back for each state but 0. */
  forEach(take: (state: number, number: number) => void): void {
    for (const [index, chunk] of this.#chunks) {
      for (let k = 0; k < CHUNK; k++) if (chunk[k] !== 0) take(chunk[k], index * CHUNK + k);
    }
  }
}
