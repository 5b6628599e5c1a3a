/** What a buffer begins with; it doubles as it is needed. */
const FIRST_BYTES = 64 * 1024;

/** Bytes that are put together from pieces, up to a bound. */
export class ByteBuffer {
  readonly #most: number;
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** How many of {@linkcode bytes} there are. */
  length = 0;

  /** @param most in bytes */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a piece. @returns whether there was room; if not, nothing has changed */
  append(piece: Uint8Array): boolean {
    const length = this.length + piece.length;
    if (length > this.#most) return false;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(piece, this.length);
    this.length = length;
    return true;
  }
}
