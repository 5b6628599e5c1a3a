/** Most bytes of a body that are looked at; what comes behind them is not. */
export const MAX_INSPECTED_BYTES = 1024 * 1024;

// What is no UTF-8 becomes U+FFFD, and a byte order mark at the beginning goes.
const decoder = new TextDecoder();
const ofRest = new TextDecoder("utf-8", { ignoreBOM: true });

/** Collects the beginning of a body, at most {@linkcode MAX_INSPECTED_BYTES} bytes of it. */
export class BodyPrefix {
  /** What came first, where no character can reach beyond it: a short body is not copied. */
  #start: string | undefined;
  /** The rest: `#length` bytes of it. */
  #bytes: Uint8Array | undefined;
  #length = 0;
  #room = MAX_INSPECTED_BYTES;
  /** Whether there was more than is looked at. */
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

  /** Its room doubles, so that one byte at a time is no burden. */
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

  /** What came, as UTF-8. */
  text(): string {
    if (this.#bytes === undefined) return this.#start ?? "";
    const bytes = this.#bytes.subarray(0, this.#length);
    return this.#start === undefined ? decoder.decode(bytes) : this.#start + ofRest.decode(bytes);
  }
}
