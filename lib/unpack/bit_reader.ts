import { joinBytes } from "../byte_buffer.ts";
import type { ByteSource } from "./byte_source.ts";

/**
 * Bits of a byte source, the highest of each byte first. It reads ahead, so that a loop need not wait
 * for each bit: make sure of as many as a step takes with {@linkcode has} and {@linkcode readAhead}.
 */
export class BitReader {
  readonly #source: ByteSource;
  /** What is read ahead: a piece, and up to 8 bytes before it. */
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  /** Bits that are taken from the bytes and not read yet: at most 31. */
  #bits = 0;
  #count = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Whether so many bits are at hand. */
  has(count: number): boolean {
    return this.#count + 8 * (this.#bytes.length - this.#at) >= count;
  }

  /** @throws {UnpackError} If nothing comes. */
  async readAhead(): Promise<void> {
    const piece = await this.#source.piece();
    this.#bytes = joinBytes(this.#bytes.subarray(this.#at), piece);
    this.#source.take(piece.length);
    this.#at = 0;
  }

  /** The next bits, as a number. @param count from 1 to 24; they are at hand */
  take(count: number): number {
    while (this.#count < count) {
      this.#bits = (this.#bits & 0xffffff) << 8 | this.#bytes[this.#at++];
      this.#count += 8;
    }
    this.#count -= count;
    return this.#bits >>> this.#count & (1 << count) - 1;
  }

  /** The next bits, which are waited for. @param count from 1 to 24 */
  async read(count: number): Promise<number> {
    while (!this.has(count)) await this.readAhead();
    return this.take(count);
  }

  /** Skips what is left of a byte. */
  align(): void {
    this.#count -= this.#count % 8;
  }

  /** Whether nothing follows. */
  async isAtEnd(): Promise<boolean> {
    return !this.has(1) && !await this.#source.fill();
  }
}
