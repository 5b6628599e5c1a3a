import { ByteBuffer } from "../byte_buffer.ts";

/** The maximum number of bytes of a body that are inspected; the bytes after them are not. */
export const MAX_INSPECTED_BYTES = 1024 * 1024;

// Invalid UTF-8 becomes U+FFFD, and a byte order mark at the beginning is dropped.
const decoder = new TextDecoder();
const restDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Collects the beginning of a body: at most {@linkcode MAX_INSPECTED_BYTES} bytes. */
export class BodyPrefix {
  /** The first bytes as text, if no character crosses their end: a short body is not copied. */
  #start: string | undefined;
  /** The bytes after those; undefined without any. */
  #rest: ByteBuffer | undefined;
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
    else (this.#rest ??= new ByteBuffer(MAX_INSPECTED_BYTES)).append(bytes);
  }

  /** The collected bytes as text. */
  text(): string {
    const bytes = this.#rest?.view();
    if (bytes === undefined) return this.#start ?? "";
    return this.#start === undefined
      ? decoder.decode(bytes)
      : this.#start + restDecoder.decode(bytes);
  }
}
