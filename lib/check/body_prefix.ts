import { ByteBuffer } from "../byte_buffer.ts";

/** Most bytes of a body that are looked at; what is behind them is not. */
export const MAX_INSPECTED_BYTES = 1024 * 1024;

// What is not UTF-8 becomes U+FFFD, and a byte order mark at the beginning is left out.
const decoder = new TextDecoder();
const ofRest = new TextDecoder("utf-8", { ignoreBOM: true });

/** Collects the beginning of a body, at most {@linkcode MAX_INSPECTED_BYTES} bytes of it. */
export class BodyPrefix {
  /** What came first, where no character can reach beyond it: a short body is not copied. */
  #start: string | undefined;
  /** The rest; undefined where there is none. */
  #rest: ByteBuffer | undefined;
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
    else (this.#rest ??= new ByteBuffer(MAX_INSPECTED_BYTES)).append(bytes);
  }

  /** What came, as UTF-8. */
  text(): string {
    const bytes = this.#rest?.view();
    if (bytes === undefined) return this.#start ?? "";
    return this.#start === undefined ? decoder.decode(bytes) : this.#start + ofRest.decode(bytes);
  }
}
