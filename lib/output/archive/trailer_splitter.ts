const LF = 0x0a;
const SEMICOLON = 0x3b;

/** The value of a hexadecimal digit; NaN of another byte. */
function readDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN;
}

/**
 * Finds where in a chunked body its trailer section begins (RFC 9112 §7.1), piece by piece. The engine
 * has checked the framing.
 *
 * ```text
 * size ──► skip the chunk, its data and CRLF ──► size
 *   └─ 0 ──► trailer
 * ```
 */
export class TrailerSplitter {
  /** The size of the chunk whose line is being read. */
  #size = 0;
  /** Whether digits of the size still come; an extension can follow them. */
  #isSize = true;
  /** How many bytes of a chunk and its CRLF are to be skipped. */
  #skip = 0;
  #isTrailer = false;

  /** How many bytes of the next piece stand before the trailer section. */
  split(piece: Uint8Array): number {
    if (this.#isTrailer) return 0;
    for (let at = 0; at < piece.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, piece.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const byte = piece[at++];
      if (byte === LF) {
        if (this.#size === 0) {
          this.#isTrailer = true;
          return at;
        }
        this.#skip = this.#size + 2;
        this.#size = 0;
        this.#isSize = true;
      } else if (byte === SEMICOLON) {
        this.#isSize = false;
      } else if (this.#isSize) {
        const digit = readDigit(byte);
        if (!Number.isNaN(digit)) this.#size = this.#size * 16 + digit;
      }
    }
    return piece.length;
  }
}
