import { dropBytes, type Take } from "./decoder.ts";
import { findHandle, HandleDecoder, loadZlib } from "./handle_decoder.ts";

/** The largest window of the content coding `zstd`, as a power of 2: 8 MiB (RFC 9659 §3). */
const MAX_WINDOW_LOG = 23;

/** The first byte of a frame (RFC 8878 §3.1.1), and one that begins none. */
const FRAME_START = Uint8Array.of(0x28);
const NO_FRAME_START = Uint8Array.of(0);
/** What the library says of the latter. */
const IS_NO_FRAME = /unknown frame descriptor/i;

/**
 * How a body begins: with the magic number of a frame, or of a skippable one, whose first byte has
 * any last digit (RFC 8878 §3.1). The library also takes frames of before the RFC, which it does not
 * tell from whole ones where they are cut.
 */
const MAGIC_NUMBERS = [[0x28, 0xb5, 0x2f, 0xfd], [0x50, 0x2a, 0x4d, 0x18]];

/** Zstandard (RFC 8878): all of its frames. */
export class ZstdDecoder extends HandleDecoder {
  readonly coding = "zstd";
  /** How many bytes of the magic number came, and which it is. */
  #known = 0;
  #magic: readonly number[] = [];

  constructor() {
    const { constants, createZstdDecompress } = loadZlib();
    const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
    super(findHandle(createZstdDecompress({ params })));
  }

  protected override decode(bytes: Uint8Array, depth: number, take: Take): void {
    if (this.#known < 4) this.#checkMagic(bytes);
    // The handle stops behind each frame.
    for (let from = 0, end; from < bytes.length; from = end) {
      end = this.#feedFrame(bytes, from, depth, take);
      if (end === from) this.fail("damaged");
    }
  }

  #checkMagic(bytes: Uint8Array): void {
    if (this.#known === 0) this.#magic = MAGIC_NUMBERS[bytes[0] >> 4 === 5 ? 1 : 0];
    for (let k = 0; k < bytes.length && this.#known < 4; k++, this.#known++) {
      const byte = this.#known === 0 && this.#magic[0] === 0x50 ? bytes[k] & 0xf0 : bytes[k];
      if (byte !== this.#magic[this.#known]) this.fail("unknown magic number");
    }
  }

  /** The handle throws what is wrong. */
  #feedFrame(bytes: Uint8Array, from: number, depth: number, take: Take): number {
    let isTaking = false;
    const takeApart: Take = (decoded) => {
      isTaking = true;
      take(decoded);
      isTaking = false;
    };
    try {
      return this.feed(bytes, from, depth, takeApart);
    } catch (error) {
      if (isTaking) throw error;
      this.fail((error as Error).message.replace(/^.*: /, ""));
    }
  }

  /**
   * Nothing tells whether a frame is whole, but that only another frame can follow a whole one: the
   * first byte of one is taken, and does not belong to the last one; the next byte is refused.
   */
  protected override isComplete(): boolean {
    let isOfLast = false;
    try {
      this.#feedFrame(FRAME_START, 0, 0, () => void (isOfLast = true));
    } catch {
      return false;
    }
    try {
      this.#feedFrame(NO_FRAME_START, 0, 0, dropBytes);
      return false;
    } catch (error) {
      return !isOfLast && IS_NO_FRAME.test((error as Error).message);
    }
  }

  reset(): void {
    this.#known = 0;
    this.restart();
  }
}
