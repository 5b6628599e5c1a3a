import { type Decoder, dropBytes, type Take } from "./decoder.ts";
import { findHandle, loadZlib } from "./handle_decoder.ts";
import { InflateDecoder } from "./inflate_decoder.ts";

/** The data, in one of the two forms. */
class DeflateData extends InflateDecoder {
  readonly coding = "deflate";

  constructor(isRaw: boolean) {
    const { createInflate, createInflateRaw } = loadZlib();
    super(findHandle(isRaw ? createInflateRaw() : createInflate()));
  }
}

/**
 * The coding `deflate`: DEFLATE within the zlib format (RFC 9110 §8.4.1.2), or without it, as some
 * servers send it. The first two bytes tell (RFC 1950 §2.2).
 */
export class DeflateDecoder implements Decoder {
  readonly #wrapped = new DeflateData(false);
  /** Made when it is needed, which is seldom. */
  #raw: DeflateData | undefined;
  /** The one of them that decodes; undefined before two bytes have come. */
  #data: DeflateData | undefined;
  /** The first byte, until the second one has come. */
  #first: Uint8Array | undefined;

  write(bytes: Uint8Array, depth: number, take: Take): void {
    if (bytes.length === 0) return;
    if (this.#data !== undefined) return this.#data.write(bytes, depth, take);
    const first = this.#first;
    if (first === undefined && bytes.length === 1) {
      this.#first = bytes.slice();
      return;
    }
    const [method, flags] = first === undefined ? bytes : [first[0], bytes[0]];
    const isWrapped = (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
    this.#data = isWrapped ? this.#wrapped : this.#raw ??= new DeflateData(true);
    if (first !== undefined) this.#data.write(first, depth, take);
    this.#data.write(bytes, depth, take);
  }

  end(): void {
    const data = this.#data ?? this.#wrapped;
    if (this.#data === undefined && this.#first !== undefined) {
      data.write(this.#first, 0, dropBytes);
    }
    data.end();
  }

  reset(): void {
    this.#first = this.#data = undefined;
    this.#wrapped.reset();
    this.#raw?.reset();
  }

  close(): void {
    this.#wrapped.close();
    this.#raw?.close();
  }
}
