/** What a buffer begins with; it doubles as it is needed. */
const FIRST_BYTES = 64 * 1024;

/** Octets that are put together from pieces, up to a bound. */
export class OctetBuffer {
  readonly #most: number;
  octets: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** How many of {@linkcode octets} there are. */
  length = 0;

  /** @param most in octets */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a piece. @returns whether there was room; if not, nothing has changed */
  append(piece: Uint8Array): boolean {
    const length = this.length + piece.length;
    if (length > this.#most) return false;
    if (length > this.octets.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.octets.length));
      larger.set(this.octets.subarray(0, this.length));
      this.octets = larger;
    }
    this.octets.set(piece, this.length);
    this.length = length;
    return true;
  }
}
