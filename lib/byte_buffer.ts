const NOTHING = new Uint8Array(0);

/** Bytes that are put together from pieces, up to a bound. */
export class ByteBuffer {
  readonly #maxLength: number;
  /** The first {@linkcode length} of them count. They are another array after an `append`. */
  bytes: Uint8Array<ArrayBuffer> = NOTHING;
  /** How many bytes there are; a caller may set it back to 0. */
  length = 0;

  /** @param maxLength the maximum number of bytes that it takes */
  constructor(maxLength = Infinity) {
    this.#maxLength = maxLength;
  }

  /**
   * Adds a piece.
   *
   * @returns whether there was room; if not, nothing has changed
   */
  append(piece: Uint8Array): boolean {
    if (!this.reserve(piece.length)) return false;
    this.bytes.set(piece, this.length);
    this.length += piece.length;
    return true;
  }

  /**
   * Adds text whose characters are bytes (ISO 8859-1).
   *
   * @returns as {@linkcode append}
   */
  appendText(text: string): boolean {
    if (!this.reserve(text.length)) return false;
    const { bytes, length } = this;
    for (let k = 0; k < text.length; k++) bytes[length + k] = text.charCodeAt(k);
    this.length += text.length;
    return true;
  }

  /**
   * Makes room in {@linkcode bytes} for more behind those that count.
   *
   * @returns whether the bound allows it; if not, nothing has changed
   */
  reserve(count: number): boolean {
    const length = this.length + count;
    if (length > this.#maxLength) return false;
    if (length > this.bytes.length) {
      // The first piece is mostly the only one; behind it the room doubles.
      const room = this.length === 0 ? length : Math.min(this.#maxLength, 2 * length);
      const larger = new Uint8Array(room);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    return true;
  }

  /** The bytes themselves, not a copy; valid until the next `append`. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}

/** Bytes one behind the other, in an array of their own. */
export function joinBytes(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
