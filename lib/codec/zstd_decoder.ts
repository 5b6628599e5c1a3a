import { dropBytes, type Take } from "./decoder.ts";
import { findHandle, HandleDecoder, loadZlib } from "./handle_decoder.ts";

/** The largest window of the content coding `zstd`, as a power of 2: 8 MiB (RFC 9659 §3). */
const MAX_WINDOW_LOG = 23;

/** The first byte of a frame (RFC 8878 §3.1.1), and one that begins none. */
const FRAME_START = Uint8Array.of(0x28);
const NO_FRAME_START = Uint8Array.of(0);
/** What the library says of the latter. */
const IS_NO_FRAME = /unknown frame descriptor/i;

/** Zstandard (RFC 8878): all of its frames. */
export class ZstdDecoder extends HandleDecoder {
  readonly coding = "zstd";

  constructor() {
    const { constants, createZstdDecompress } = loadZlib();
    const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
    super(findHandle(createZstdDecompress({ params })));
  }

  protected override decode(bytes: Uint8Array, depth: number, take: Take): void {
    // The handle stops behind each frame.
    for (let from = 0, end; from < bytes.length; from = end) {
      end = this.#feedFrame(bytes, from, depth, take);
      if (end === from) this.fail("damaged");
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
    this.restart();
  }
}
