import { joinBytes } from "../byte_buffer.ts";
import { UnpackError } from "./unpack_error.ts";

/** The maximum number of bytes that are taken at once. */
const PIECE_BYTES = 8 * 1024;

/** Reads a block, which stays as it is until the next one is asked for; undefined at the end. */
export type ReadBlock = () => Promise<Uint8Array | undefined>;

/** Bytes of a compressed input as its format takes them apart: by number, by piece, by beginning. */
export class ByteSource {
  readonly #readBlock: ReadBlock;
  /** What the format is called, for messages. */
  readonly #format: string;
  /** What is read and not taken yet. */
  #bytes: Uint8Array = new Uint8Array();
  /** Whether nobody wants more. */
  isClosed = false;
  /** How many bytes were taken. */
  taken = 0;

  constructor(readBlock: ReadBlock, format: string) {
    this.#readBlock = readBlock;
    this.#format = format;
  }

  /** Reads a block where nothing is at hand. @returns false at the end */
  async fill(): Promise<boolean> {
    while (this.#bytes.length === 0) {
      const block = this.isClosed ? undefined : await this.#readBlock();
      if (block === undefined) return false;
      this.#bytes = block;
    }
    return true;
  }

  /**
   * What comes next, at least a byte, at most 8 KiB; {@linkcode take} takes it.
   *
   * @throws {UnpackError} If nothing comes.
   */
  async piece(): Promise<Uint8Array> {
    if (!await this.fill()) {
      throw new UnpackError(
        `the input broke off (its ${this.#format} data is cut short): make it whole`,
      );
    }
    return this.#bytes.subarray(0, PIECE_BYTES);
  }

  /** Takes bytes of the last {@linkcode piece}. */
  take(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
    this.taken += count;
  }

  async byte(): Promise<number> {
    const [byte] = await this.piece();
    this.take(1);
    return byte;
  }

  /** A number of so many bytes, the lowest first. @param size from 1 to 6 */
  async number(size: number): Promise<number> {
    let number = 0;
    for (let k = 0; k < size; k++) number += await this.byte() * 256 ** k;
    return number;
  }

  /** A copy of the next bytes. @param count small: all of them are held */
  async copy(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const piece = (await this.piece()).subarray(0, count - at);
      bytes.set(piece, at);
      at += piece.length;
      this.take(piece.length);
    }
    return bytes;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const { length } = (await this.piece()).subarray(0, left);
      this.take(length);
      left -= length;
    }
  }

  /** Whether the next bytes are these; they are not taken. */
  async startsWith(bytes: readonly number[]): Promise<boolean> {
    await this.fill();
    while (this.#bytes.length < bytes.length) {
      // A copy, since the next block is read into the same place.
      const before = this.#bytes.slice();
      this.#bytes = new Uint8Array();
      const hasMore = await this.fill();
      this.#bytes = joinBytes(before, this.#bytes);
      if (!hasMore) break;
    }
    return bytes.every((byte, k) => this.#bytes[k] === byte);
  }
}
