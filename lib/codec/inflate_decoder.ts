import { dropBytes, type Take } from "./decoder.ts";
import { HandleDecoder } from "./handle_decoder.ts";

const NOTHING = new Uint8Array(0);
/** Nothing follows. */
const Z_FINISH = 4;

/** A decoder of what DEFLATE (RFC 1951) is within: it finds a missing end by itself. */
export abstract class InflateDecoder extends HandleDecoder {
  protected override decode(bytes: Uint8Array, depth: number, take: Take): void {
    if (this.feed(bytes, 0, depth, take) < bytes.length) this.fail("bytes behind the end");
  }

  protected override isComplete(): boolean {
    this.feed(NOTHING, 0, 0, dropBytes, Z_FINISH);
    return true;
  }

  reset(): void {
    this.restart();
  }
}
