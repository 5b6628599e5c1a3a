import type { Take } from "./decoder.ts";
import { findHandle, loadZlib } from "./handle_decoder.ts";
import { InflateDecoder } from "./inflate_decoder.ts";

/** Gzip: all of its members (RFC 1952 §2.2), and zeros after them, which are padding. */
export class GzipDecoder extends InflateDecoder {
  readonly coding = "gzip";
  #isPadded = false;

  constructor() {
    super(findHandle(loadZlib().createGunzip()));
  }

  protected override decode(bytes: Uint8Array, depth: number, take: Take): void {
    // The handle goes from member to member, and stops at the first zero behind one.
    const from = this.#isPadded ? 0 : this.feed(bytes, 0, depth, take);
    if (from === bytes.length) return;
    this.#isPadded = true;
    for (let k = from; k < bytes.length; k++) if (bytes[k] !== 0) this.fail("bytes behind the end");
  }

  override reset(): void {
    this.#isPadded = false;
    super.reset();
  }
}
