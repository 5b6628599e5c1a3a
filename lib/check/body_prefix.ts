/** The most bytes of a body that are inspected; the bytes after them are not. */
export const MAX_INSPECTED_BYTES = 1024 * 1024;

// Invalid UTF-8 becomes U+FFFD, and a byte order mark at the beginning is dropped.
const decoder = new TextDecoder();
const restDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Collects the beginning of a body: at most {@linkcode MAX_INSPECTED_BYTES} bytes. */
export class BodyPrefix {
  /** The first bytes as text, if no character crosses their end: a short body is not copied. */
  #start: string | undefined;
  /** The other bytes: the first `#length` of this array. */
  #bytes: Uint8Array | undefined;
  #length = 0;
  #room = MAX_INSPECTED_BYTES;
  /** Whether the body had more bytes than are inspected. */
  isCut = false;

  write(bytes: Uint8Array): void {
    if (bytes.length > this.#room) {
      this.isCut = true;
      bytes = bytes.subarray(0, this.#room);
    }
    if (bytes.length === 0) return;
    const isFirst = this.#room === MAX_INSPECTED_BYTES;
    this.#room -= bytes.length;
    if (isFirst && bytes[bytes.length - 1] < 0x80) this.#start = decoder.decode(bytes);
    else this.#append(bytes);
  }

  /** Adds bytes. The array doubles, so that single bytes do not cost much. */
  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (this.#bytes === undefined) this.#bytes = bytes.slice();
    else {
      if (needed > this.#bytes.length) {
        const longer = new Uint8Array(Math.min(MAX_INSPECTED_BYTES, needed * 2));
        longer.set(this.#bytes.subarray(0, this.#length));
        this.#bytes = longer;
      }
      this.#bytes.set(bytes, this.#length);
    }
    this.#length = needed;
  }

  /** The collected bytes as text. */
  text(): string {
    if (this.#bytes === undefined) return this.#start ?? "";
    const bytes = this.#bytes.subarray(0, this.#length);
    return this.#start === undefined
      ? decoder.decode(bytes)
      : this.#start + restDecoder.decode(bytes);
  }
}
