/**
 * Writes the frames that a client sends (RFC 9113 §4, §6).
 *
 * @module
 */
import { ByteBuffer } from "../../byte_buffer.ts";
import { Flag, FRAME_HEAD_BYTES, FrameType, MAX_FRAME_BYTES, type Setting } from "./frames.ts";
import type { ErrorCode } from "./http2_error.ts";

/** RFC 9113 §3.4. */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Bytes that a buffer begins with; and the maximum that it keeps for later. */
const MIN_BUFFER_BYTES = 4 * 1024;
const MAX_KEPT_BYTES = 256 * 1024;

/**
 * Puts the frames of a turn into one buffer, so that they are sent in one write. Nothing here ends
 * the buffer: its bound is what the caller writes before it sends it.
 */
export class FrameWriter {
  /** What is to be sent. A field block is appended to it between begin and end of HEADERS. */
  readonly buffer: ByteBuffer = new ByteBuffer();
  /** The server's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes: number = MAX_FRAME_BYTES;
  /** Where the HEADERS frame begins that has begun last. */
  #headersAt = 0;

  /** Empties the buffer once it is sent. */
  clear(): void {
    this.buffer.length = 0;
    if (this.buffer.bytes.length > MAX_KEPT_BYTES) this.buffer.bytes = new Uint8Array(0);
  }

  /** Writes what a connection begins with (RFC 9113 §3.4). */
  writePreface(settings: readonly (readonly [setting: Setting, value: number])[]): void {
    this.buffer.append(PREFACE);
    this.#writeHead(6 * settings.length, FrameType.Settings, 0, 0);
    for (const [setting, value] of settings) {
      this.#writeByte(setting >> 8);
      this.#writeByte(setting & 0xff);
      this.#writeUint32(value);
    }
  }

  /** RFC 9113 §6.5.3. */
  writeSettingsAck(): void {
    this.#writeHead(0, FrameType.Settings, Flag.Ack, 0);
  }

  /** @param data the 8 bytes of the PING that is answered (RFC 9113 §6.7) */
  writePingAck(data: Uint8Array): void {
    this.#writeHead(data.length, FrameType.Ping, Flag.Ack, 0);
    this.buffer.append(data);
  }

  /** Begins HEADERS (RFC 9113 §6.2), whose field block follows in the {@linkcode buffer}. */
  beginHeaders(streamId: number, endsStream: boolean): void {
    this.#headersAt = this.buffer.length;
    const flags = Flag.EndHeaders | (endsStream ? Flag.EndStream : 0);
    this.#writeHead(0, FrameType.Headers, flags, streamId);
  }

  /** Ends HEADERS. What is too long for one frame is continued in others (RFC 9113 §6.10). */
  endHeaders(): void {
    const { buffer, maxFrameBytes } = this;
    const at = this.#headersAt;
    const start = at + FRAME_HEAD_BYTES;
    const length = buffer.length - start;
    setLength(buffer.bytes, at, Math.min(length, maxFrameBytes));
    const others = Math.ceil(length / maxFrameBytes) - 1;
    if (others <= 0) return;
    buffer.reserve(others * FRAME_HEAD_BYTES);
    const { bytes } = buffer;
    const end = buffer.length;
    // The last part moves first, each behind the heads of the parts before it.
    for (let k = others; k > 0; k--) {
      const from = start + k * maxFrameBytes;
      const to = Math.min(from + maxFrameBytes, end);
      const head = from + (k - 1) * FRAME_HEAD_BYTES;
      bytes.copyWithin(head + FRAME_HEAD_BYTES, from, to);
      setLength(bytes, head, to - from);
      bytes[head + 3] = FrameType.Continuation;
      bytes[head + 4] = k === others ? Flag.EndHeaders : 0;
      bytes.copyWithin(head + 5, at + 5, at + FRAME_HEAD_BYTES);
    }
    bytes[at + 4] &= ~Flag.EndHeaders;
    buffer.length += others * FRAME_HEAD_BYTES;
  }

  /**
   * Writes DATA (RFC 9113 §6.1), in one frame or more; an empty one for no bytes. The caller keeps
   * to the flow-control windows.
   */
  writeData(streamId: number, bytes: Uint8Array, endsStream: boolean): void {
    let from = 0;
    do {
      const to = Math.min(from + this.maxFrameBytes, bytes.length);
      const flags = endsStream && to === bytes.length ? Flag.EndStream : 0;
      this.#writeHead(to - from, FrameType.Data, flags, streamId);
      this.buffer.append(bytes.subarray(from, to));
      from = to;
    } while (from < bytes.length);
  }

  /** @param streamId 0 for the connection. @param increment 1 to 2^31 - 1 (RFC 9113 §6.9) */
  writeWindowUpdate(streamId: number, increment: number): void {
    this.#writeHead(4, FrameType.WindowUpdate, 0, streamId);
    this.#writeUint32(increment);
  }

  /** RFC 9113 §6.4. */
  writeReset(streamId: number, code: ErrorCode): void {
    this.#writeHead(4, FrameType.RstStream, 0, streamId);
    this.#writeUint32(code);
  }

  /** Announces the end of the connection (RFC 9113 §6.8). No stream of a server was accepted. */
  writeGoaway(code: ErrorCode): void {
    this.#writeHead(8, FrameType.Goaway, 0, 0);
    this.#writeUint32(0);
    this.#writeUint32(code);
  }

  #writeHead(length: number, type: FrameType, flags: number, streamId: number): void {
    const { buffer } = this;
    // The payload of a small frame has room too.
    buffer.reserve(buffer.bytes.length === 0 ? MIN_BUFFER_BYTES : 2 * FRAME_HEAD_BYTES);
    const { bytes, length: at } = buffer;
    setLength(bytes, at, length);
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    bytes[at + 5] = streamId >>> 24;
    bytes[at + 6] = streamId >>> 16;
    bytes[at + 7] = streamId >>> 8;
    bytes[at + 8] = streamId;
    buffer.length = at + FRAME_HEAD_BYTES;
  }

  #writeUint32(value: number): void {
    this.#writeByte(value >>> 24);
    this.#writeByte(value >>> 16);
    this.#writeByte(value >>> 8);
    this.#writeByte(value);
  }

  #writeByte(byte: number): void {
    this.buffer.reserve(1);
    this.buffer.bytes[this.buffer.length++] = byte;
  }
}

/** Sets the length of a payload in the head of its frame. */
function setLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
}
