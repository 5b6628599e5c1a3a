/** Numbers of one page. */
const PAGE = 64 * 1024;

/**
 * A set of whole numbers from 0 on, of any size and spread. Each range of 65,536 numbers that has
 * one in the set takes 8 KB.
 */
export class SparseBitmap {
  readonly #pages = new Map<number, Uint8Array<ArrayBuffer>>();
  /** How many there are. */
  count = 0;
  /** Where {@linkcode countBelow} was last, and what it found there. */
  #last: { readonly at: number; readonly count: number } | undefined;

  /** A set of what {@linkcode lines} gave; undefined if the text is anything else. */
  static parse(text: string): SparseBitmap | undefined {
    const places = new SparseBitmap();
    for (const line of text.split("\n").slice(0, -1)) {
      const [, number, base64] = /^(\d{1,12}) (\S+)$/.exec(line) ?? [];
      const page = base64 === undefined ? undefined : parsePage(base64);
      if (page === undefined) return undefined;
      places.#pages.set(Number(number), page);
      for (let byte of page) for (; byte > 0; byte &= byte - 1) places.count++;
    }
    return places;
  }

  add(place: number): void {
    const number = Math.floor(place / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) this.#pages.set(number, page = new Uint8Array(PAGE / 8));
    const bit = 1 << (place & 7);
    const k = place % PAGE >> 3;
    if ((page[k] & bit) === 0) this.count++;
    page[k] |= bit;
  }

  has(place: number): boolean {
    const page = this.#pages.get(Math.floor(place / PAGE));
    return page !== undefined && (page[place % PAGE >> 3] >> (place & 7) & 1) === 1;
  }

  /**
   * How many in the set are below a number. Nothing may be added any more. For ascending numbers it
   * takes little time.
   */
  countBelow(place: number): number {
    const number = Math.floor(place / PAGE);
    const last = this.#last;
    const { at, count } = last !== undefined && last.at <= place && last.at >= number * PAGE
      ? last
      : { at: number * PAGE, count: this.#countPages(number) };
    const page = this.#pages.get(number);
    let below = count;
    if (page !== undefined) {
      for (let k = at; k < place; k++) below += page[k % PAGE >> 3] >> (k & 7) & 1;
    }
    this.#last = { at: place, count: below };
    return below;
  }

  /** How many are in the pages below one. */
  #countPages(number: number): number {
    let count = 0;
    for (const [k, page] of this.#pages) {
      if (k >= number) continue;
      for (let byte of page) for (; byte > 0; byte &= byte - 1) count++;
    }
    return count;
  }

  /** The set as lines of text. */
  *lines(): Generator<string> {
    for (const [number, page] of this.#pages) yield `${number} ${page.toBase64()}\n`;
  }
}

function parsePage(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const page = Uint8Array.fromBase64(base64);
    return page.length === PAGE / 8 ? page : undefined;
  } catch {
    return undefined;
  }
}
