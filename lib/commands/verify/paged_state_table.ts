/** Numbers of a page: 64 KiB. */
const PAGE_LENGTH = 32 * 1024;
/** Pages that may be nearly empty: 16 MiB. */
const SPARE_PAGES = 256;
/** Bytes that further pages may take for each number: a path takes about as many by its hash. */
const BYTES_A_NUMBER = 16;

/**
 * States by number, 2 bytes each. If the numbers are so far apart that their pages would take more
 * than `BYTES_A_NUMBER` each, the table makes no more pages.
 */
export class PagedStateTable {
  /** At most `SPARE_PAGES`, and one for each 4,096 numbers that were added. */
  readonly #pages = new Map<number, Uint16Array>();
  #isClosed = false;
  #added = 0;
  #lastIndex = -1;
  #lastPage: Uint16Array = new Uint16Array();

  #findPage(number: number): Uint16Array | undefined {
    const index = Math.floor(number / PAGE_LENGTH);
    if (index === this.#lastIndex) return this.#lastPage;
    const page = this.#pages.get(index);
    if (page !== undefined) {
      this.#lastIndex = index;
      this.#lastPage = page;
    }
    return page;
  }

  /** Makes room for a number. @returns whether there is room, for good if there is */
  reserve(number: number): boolean {
    if (this.#findPage(number) === undefined) {
      const most = SPARE_PAGES + this.#added * BYTES_A_NUMBER / (PAGE_LENGTH * 2);
      // A number that was refused is kept elsewhere, so it must never be accepted later.
      this.#isClosed ||= this.#pages.size >= most;
      if (this.#isClosed) return false;
      this.#pages.set(Math.floor(number / PAGE_LENGTH), new Uint16Array(PAGE_LENGTH));
    }
    this.#added++;
    return true;
  }

  /** The state of a number; 0 without one. */
  get(number: number): number {
    return this.#findPage(number)?.[number % PAGE_LENGTH] ?? 0;
  }

  /** Sets the state of a number for which {@linkcode reserve} has made room. */
  set(number: number, state: number): void {
    this.#findPage(number)![number % PAGE_LENGTH] = state;
  }

  /** Calls back for each state except 0. */
  forEach(callback: (state: number, number: number) => void): void {
    for (const [index, page] of this.#pages) {
      for (let k = 0; k < PAGE_LENGTH; k++) {
        if (page[k] !== 0) callback(page[k], index * PAGE_LENGTH + k);
      }
    }
  }
}
