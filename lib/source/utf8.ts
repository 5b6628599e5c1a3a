/**
 * How much is decoded at once. A line is a slice of what was decoded with it and keeps that in
 * memory, so this, not a whole block, is what a request in flight can hold (measured, with 10,000
 * URLs held that are 2,000 lines apart: a peak of 200 MB, and 707 MB with 64 KiB).
 */
const PIECE_BYTES = 8 * 1024;

/** Lossy: each error becomes U+FFFD. It keeps no state, since pieces hold whole characters. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Stands for an error. It is half of a surrogate pair, which no UTF-8 gives. */
const ERROR = "\udc00";

/**
 * Decodes blocks of UTF-8, piece by piece. Each error becomes a lone surrogate, so that text with
 * one is not well-formed, and U+FFFD stands only where the octets have it. A byte order mark at
 * the start is dropped.
 */
export class Utf8Reader {
  /** What is not decoded yet; once all pieces are taken, the start of a character at most. */
  #octets: Uint8Array = new Uint8Array();
  #isFirst = true;

  /** Octets that were added and are not decoded yet. */
  get unread(): number {
    return this.#octets.length;
  }

  /** Adds a block. @param block it may change once {@linkcode next} has given undefined */
  add(block: Uint8Array): void {
    const before = this.#octets;
    this.#octets = before.length === 0 ? block : joined(before, block);
  }

  /** The next piece; undefined if it takes another block to know more. */
  next(): string | undefined {
    const piece = this.#octets.subarray(0, PIECE_BYTES);
    const length = wholeLength(piece);
    if (length === 0) {
      // A copy, since the block may change.
      this.#octets = piece.slice();
      return undefined;
    }
    this.#octets = this.#octets.subarray(length);
    return this.#withoutMark(decode(piece.subarray(0, length)));
  }

  /** What is left at the end: nothing, or an error. */
  end(): string {
    const text = decode(this.#octets);
    this.#octets = new Uint8Array();
    return text;
  }

  #withoutMark(text: string): string {
    if (!this.#isFirst) return text;
    this.#isFirst = false;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

function joined(start: Uint8Array, end: Uint8Array): Uint8Array {
  const octets = new Uint8Array(start.length + end.length);
  octets.set(start);
  octets.set(end, start.length);
  return octets;
}

/** How many octets stand in front of a character at the end that is not whole (RFC 3629 §3). */
function wholeLength(octets: Uint8Array): number {
  for (let at = octets.length - 1; at >= 0 && at >= octets.length - 3; at--) {
    const octet = octets[at];
    if (octet < 0x80) break;
    // The first octet of a character tells how many it has.
    if (octet >= 0xc0) {
      const length = octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
      return at + length > octets.length ? at : octets.length;
    }
  }
  return octets.length;
}

function decode(octets: Uint8Array): string {
  const text = decoder.decode(octets);
  return text.includes("\ufffd") ? withErrors(octets) : text;
}

/** Decodes octets in which U+FFFD, which is EF BF BD, and errors are to be told apart. */
function withErrors(octets: Uint8Array): string {
  const lossy = (from: number, to?: number): string =>
    decoder.decode(octets.subarray(from, to)).replaceAll("\ufffd", ERROR);
  let text = "";
  let from = 0;
  for (let at = octets.indexOf(0xef); at >= 0; at = octets.indexOf(0xef, at + 1)) {
    if (octets[at + 1] !== 0xbf || octets[at + 2] !== 0xbd) continue;
    text += `${lossy(from, at)}\ufffd`;
    from = at + 3;
  }
  return text + lossy(from);
}
