import { ByteBuffer } from "../../byte_buffer.ts";

/** The maximum number of bytes of the buffers that wait for their next use. */
const MAX_IDLE_BYTES = 1024 * 1024;

/**
 * Buffers that are used again: a new one for each block would be most of the garbage of a run, as it
 * grows with what is put into it.
 */
export class BufferPool {
  readonly #maxLength: number;
  /** The last one given is the first one taken; at most `MAX_IDLE_BYTES` of room. */
  readonly #idle: ByteBuffer[] = [];
  #idleBytes = 0;

  /** @param maxLength the maximum number of bytes that each of them takes */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** An empty buffer, the caller's until it gives it back. */
  take(): ByteBuffer {
    const buffer = this.#idle.pop();
    if (buffer === undefined) return new ByteBuffer(this.#maxLength);
    this.#idleBytes -= buffer.bytes.length;
    return buffer;
  }

  /** Gives one back, of which nothing is used any more. */
  give(buffer: ByteBuffer): void {
    if (this.#idleBytes + buffer.bytes.length > MAX_IDLE_BYTES) return;
    buffer.length = 0;
    this.#idleBytes += buffer.bytes.length;
    this.#idle.push(buffer);
  }
}
