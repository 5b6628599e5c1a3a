/**
 * Reads the frames that a server sends (RFC 9113 §4, §6).
 *
 * @module
 */
import { ByteBuffer } from "../../byte_buffer.ts";
import { readText } from "../read_text.ts";
import {
  Flag,
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  Setting,
} from "./frames.ts";
import { ErrorCode, type ErrorScope, Http2Error } from "./http2_error.ts";

/**
 * The maximum number of bytes of a compressed field block. No list of fields within
 * `MAX_HEADER_LIST_BYTES` is longer: the longest Huffman code takes 30 bits for a byte.
 */
export const MAX_BLOCK_BYTES = 256 * 1024;

/**
 * The maximum number of CONTINUATION frames of a field block. Empty ones would otherwise follow
 * without an end.
 */
export const MAX_CONTINUATIONS = 256;

/**
 * The maximum number of frames in a row that bring no response on: PING, SETTINGS, PRIORITY,
 * unknown ones, and DATA without a byte. Each costs time, and some an answer. A server that asks
 * for a sign of life each second may do so for more than two hours.
 */
export const MAX_IDLE_FRAMES = 10_000;

/** The maximum number of bytes that are read of what a GOAWAY says. */
const MAX_DEBUG_BYTES = 200;

/**
 * The settings of a server that a frame has; undefined for those that it does not have. The size of
 * its table for field blocks is not among them, since our blocks use no table.
 */
export interface PeerSettings {
  maxConcurrentStreams?: number;
  /** At most {@linkcode MAX_WINDOW_BYTES}. */
  initialWindowSize?: number;
  /** {@linkcode MAX_FRAME_BYTES} to 16,777,215. */
  maxFrameSize?: number;
  /** A hint for {@linkcode HeaderField.size} of all fields of a request. */
  maxHeaderListSize?: number;
}

/**
 * Receives frames. Bytes are valid during the call only. A call may call
 * {@linkcode FrameReader.stop}.
 */
export interface FrameListener {
  /**
   * A part of a DATA frame: each frame comes in one part or more, an empty frame in one of no
   * bytes.
   *
   * @param windowBytes what the part takes of the flow-control windows: its bytes, and padding
   * @param endsStream whether it is the last of the stream
   */
  onData(
    streamId: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    windowBytes: number,
    endsStream: boolean,
  ): void;
  /** A whole field block, of HEADERS and any CONTINUATION. It has to be decoded, in any case. */
  onHeaders(
    streamId: number,
    block: Uint8Array,
    from: number,
    to: number,
    endsStream: boolean,
  ): void;
  /** @param code one of {@linkcode ErrorCode}, or unknown */
  onReset(streamId: number, code: number): void;
  /** The settings have to be acknowledged once they are applied (RFC 9113 §6.5.3). */
  onSettings(settings: PeerSettings): void;
  /** @param data 8 bytes to send back */
  onPing(data: Uint8Array): void;
  /**
   * The server accepts no stream above one (RFC 9113 §6.8).
   *
   * @param lastStreamId 0 to 2^31 - 1
   * @param debug what the server says about it, each character a byte; can be empty
   */
  onGoaway(lastStreamId: number, code: number, debug: string): void;
  /** @param streamId 0 for the connection. @param increment 1 to 2^31 - 1 */
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame broke a rule, for which its stream has to be reset and nothing more. */
  onStreamError(streamId: number, error: Http2Error): void;
}

/**
 * Takes the bytes of a connection in pieces of any length, and calls a listener for each frame.
 * DATA is passed on as it comes. Other frames are passed on from where they are if they came whole,
 * and are put together first otherwise.
 */
export class FrameReader {
  readonly #listener: FrameListener;
  #isStopped = false;
  /** Whether no frame has begun yet. */
  #isFirst = true;
  /** The first bytes of a frame whose head has not come completely. */
  readonly #head = new Uint8Array(FRAME_HEAD_BYTES);
  #headLength = 0;
  /** The frame that is being read. */
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #length = 0;
  /** Whether its head has come completely, and its payload has not. */
  #isOpen = false;
  /** The payload of an open frame other than DATA so far; at most {@linkcode MAX_FRAME_BYTES}. */
  readonly #payload = new ByteBuffer(MAX_FRAME_BYTES);
  /** Of an open DATA frame: bytes of content and padding to come; -1 if its length is to come. */
  #contentLeft = 0;
  #paddingLeft = 0;
  /** A field block that a HEADERS frame did not end; at most {@linkcode MAX_BLOCK_BYTES}. */
  readonly #block = new ByteBuffer(MAX_BLOCK_BYTES);
  /** Its stream; 0 without such a block. */
  #blockStreamId = 0;
  #blockEndsStream = false;
  #continuations = 0;
  /** Frames in a row that brought no response on; at most {@linkcode MAX_IDLE_FRAMES}. */
  #idleFrames = 0;

  constructor(listener: FrameListener) {
    this.#listener = listener;
  }

  /** Calls the listener no more. What {@linkcode feed} gets from now on is dropped. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Reads bytes. They belong to the caller again when it returns.
   *
   * @throws {Http2Error} If the connection cannot go on. No bytes may follow.
   */
  feed(bytes: Uint8Array, from: number, to: number): void {
    let k = from;
    while (k < to && !this.#isStopped) {
      if (this.#isOpen) {
        k = this.#type === FrameType.Data ? this.#goOn(bytes, k, to) : this.#gather(bytes, k, to);
        continue;
      }
      if (this.#headLength === 0 && to - k >= FRAME_HEAD_BYTES) {
        this.#readHead(bytes, k);
        k += FRAME_HEAD_BYTES;
      } else {
        this.#head[this.#headLength++] = bytes[k++];
        if (this.#headLength < FRAME_HEAD_BYTES) continue;
        this.#headLength = 0;
        this.#readHead(this.#head, 0);
      }
      const end = k + this.#length;
      if (end <= to) {
        if (this.#type === FrameType.Data) this.#readData(bytes, k, end);
        else this.#readPayload(bytes, k, end);
        k = end;
      } else {
        this.#open();
      }
    }
  }

  /** Begins a frame whose payload has not come completely. */
  #open(): void {
    this.#isOpen = true;
    this.#payload.length = 0;
    const isPadded = (this.#flags & Flag.Padded) !== 0;
    this.#paddingLeft = isPadded ? -1 : 0;
    this.#contentLeft = this.#length;
  }

  /** Puts together the payload of a frame other than DATA. */
  #gather(bytes: Uint8Array, from: number, to: number): number {
    const end = Math.min(to, from + this.#length - this.#payload.length);
    this.#payload.append(bytes.subarray(from, end));
    if (this.#payload.length === this.#length) {
      this.#isOpen = false;
      this.#readPayload(this.#payload.bytes, 0, this.#length);
    }
    return end;
  }

  /** Passes on what has come of a DATA frame. */
  #goOn(bytes: Uint8Array, from: number, to: number): number {
    let k = from;
    if (this.#paddingLeft < 0) {
      this.#paddingLeft = this.#checkPadding(bytes[k++]);
      this.#contentLeft = this.#length - 1 - this.#paddingLeft;
    }
    const start = k;
    const end = k += Math.min(this.#contentLeft, to - k);
    this.#contentLeft -= end - start;
    if (this.#contentLeft === 0) {
      const padding = Math.min(this.#paddingLeft, to - k);
      this.#paddingLeft -= padding;
      k += padding;
      this.#isOpen = this.#paddingLeft > 0;
    }
    const endsStream = !this.#isOpen && (this.#flags & Flag.EndStream) !== 0;
    if (end > start) this.#idleFrames = 0;
    else if (!endsStream) this.#countIdle();
    this.#listener.onData(this.#streamId, bytes, start, end, k - from, endsStream);
    return k;
  }

  /** Passes on a DATA frame that has come whole (RFC 9113 §6.1). */
  #readData(bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    let end = to;
    if ((this.#flags & Flag.Padded) !== 0) end -= this.#checkPadding(bytes[start++]);
    const endsStream = (this.#flags & Flag.EndStream) !== 0;
    if (end > start) this.#idleFrames = 0;
    else if (!endsStream) this.#countIdle();
    this.#listener.onData(this.#streamId, bytes, start, end, to - from, endsStream);
  }

  /** Reads the head of a frame (RFC 9113 §4.1), and checks all that it tells. */
  #readHead(bytes: Uint8Array, k: number): void {
    const length = bytes[k] << 16 | bytes[k + 1] << 8 | bytes[k + 2];
    const type = bytes[k + 3];
    const flags = bytes[k + 4];
    const streamId = readUint31(bytes, k + 5);
    if (this.#isFirst) {
      // §3.4: a SETTINGS frame comes first.
      if (type !== FrameType.Settings || (flags & Flag.Ack) !== 0 || streamId !== 0) {
        throw protocolError(wordsForBeginning(readText(bytes, k, k + FRAME_HEAD_BYTES)));
      }
      this.#isFirst = false;
    }
    if (length > MAX_FRAME_BYTES) {
      throw sizeError(`a frame of ${length} bytes, more than ${MAX_FRAME_BYTES}`);
    }
    // §6.10: nothing comes between the frames of a field block.
    if (
      this.#blockStreamId !== 0 &&
      (type !== FrameType.Continuation || streamId !== this.#blockStreamId)
    ) {
      throw protocolError("a field block is interrupted by another frame");
    }
    this.#type = type;
    this.#flags = flags;
    this.#streamId = streamId;
    this.#length = length;
    switch (type) {
      case FrameType.Data:
        checkStreamId("DATA", streamId);
        this.#checkLength("DATA", (flags & Flag.Padded) !== 0 ? 1 : 0);
        break;
      case FrameType.Headers:
        checkStreamId("HEADERS", streamId);
        this.#checkLength(
          "HEADERS",
          ((flags & Flag.Padded) !== 0 ? 1 : 0) + ((flags & Flag.Priority) !== 0 ? 5 : 0),
        );
        break;
      case FrameType.Priority:
        if (streamId === 0) throw protocolError("PRIORITY on stream 0");
        break;
      case FrameType.RstStream:
        checkStreamId("RST_STREAM", streamId);
        this.#expectLength("RST_STREAM", 4);
        break;
      case FrameType.Settings:
        checkConnection("SETTINGS", streamId);
        // §6.5
        if ((flags & Flag.Ack) !== 0) this.#expectLength("an acknowledgment of SETTINGS", 0);
        else if (length % 6 !== 0) throw sizeError(`SETTINGS of ${length} bytes`);
        break;
      case FrameType.PushPromise:
        // §6.6, §8.4: SETTINGS_ENABLE_PUSH is 0.
        throw protocolError("PUSH_PROMISE, which was not allowed");
      case FrameType.Ping:
        checkConnection("PING", streamId);
        this.#expectLength("PING", 8);
        break;
      case FrameType.Goaway:
        checkConnection("GOAWAY", streamId);
        this.#checkLength("GOAWAY", 8);
        break;
      case FrameType.WindowUpdate:
        if (streamId !== 0) checkStreamId("WINDOW_UPDATE", streamId);
        this.#expectLength("WINDOW_UPDATE", 4);
        break;
      case FrameType.Continuation:
        // §6.10
        if (this.#blockStreamId === 0) {
          throw protocolError("CONTINUATION without HEADERS before it");
        }
        break;
    }
  }

  /** Reads a whole payload of a frame other than DATA (RFC 9113 §6.2 to §6.10). */
  #readPayload(bytes: Uint8Array, from: number, to: number): void {
    const listener = this.#listener;
    const streamId = this.#streamId;
    switch (this.#type) {
      case FrameType.Headers:
        this.#readHeaders(bytes, from, to);
        break;
      case FrameType.Continuation:
        if (++this.#continuations > MAX_CONTINUATIONS) {
          throw calmError(`more than ${MAX_CONTINUATIONS} CONTINUATION frames`);
        }
        this.#addToBlock(bytes, from, to);
        break;
      case FrameType.RstStream:
        listener.onReset(streamId, readUint32(bytes, from));
        break;
      case FrameType.WindowUpdate: {
        const increment = readUint31(bytes, from);
        if (increment > 0) {
          listener.onWindowUpdate(streamId, increment);
        } else {
          // §6.9
          const scope = streamId === 0 ? "connection" : "stream";
          const error = protocolError("WINDOW_UPDATE of 0 bytes", scope);
          if (streamId === 0) throw error;
          listener.onStreamError(streamId, error);
        }
        break;
      }
      case FrameType.Goaway: {
        const debug = readText(bytes, from + 8, Math.min(to, from + 8 + MAX_DEBUG_BYTES));
        listener.onGoaway(readUint31(bytes, from), readUint32(bytes, from + 4), debug);
        break;
      }
      case FrameType.Settings:
        this.#countIdle();
        if ((this.#flags & Flag.Ack) === 0) listener.onSettings(readSettings(bytes, from, to));
        break;
      case FrameType.Ping:
        this.#countIdle();
        if ((this.#flags & Flag.Ack) === 0) listener.onPing(bytes.subarray(from, to));
        break;
      case FrameType.Priority:
        this.#countIdle();
        // §6.3. What it says is obsolete (§5.3.2).
        if (to - from !== 5) {
          const message = `PRIORITY of ${to - from} bytes`;
          listener.onStreamError(
            streamId,
            new Http2Error(ErrorCode.FrameSizeError, "stream", message),
          );
        }
        break;
      default:
        // §5.5: frames of unknown types are ignored.
        this.#countIdle();
    }
  }

  /** RFC 9113 §6.2. */
  #readHeaders(bytes: Uint8Array, from: number, to: number): void {
    this.#idleFrames = 0;
    const flags = this.#flags;
    let start = from;
    let end = to;
    if ((flags & Flag.Padded) !== 0) end -= bytes[start++];
    // The priority is obsolete (§5.3.2).
    if ((flags & Flag.Priority) !== 0) start += 5;
    if (start > end) throw protocolError("HEADERS with more padding than there is room for");
    const endsStream = (flags & Flag.EndStream) !== 0;
    if ((flags & Flag.EndHeaders) !== 0) {
      this.#listener.onHeaders(this.#streamId, bytes, start, end, endsStream);
      return;
    }
    this.#blockStreamId = this.#streamId;
    this.#blockEndsStream = endsStream;
    this.#continuations = 0;
    this.#block.length = 0;
    this.#addToBlock(bytes, start, end);
  }

  #addToBlock(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#block.append(bytes.subarray(from, to))) {
      throw calmError(`a field block of more than ${MAX_BLOCK_BYTES} bytes`);
    }
    if ((this.#flags & Flag.EndHeaders) === 0) return;
    const { bytes: block, length } = this.#block;
    const streamId = this.#blockStreamId;
    this.#blockStreamId = 0;
    this.#listener.onHeaders(streamId, block, 0, length, this.#blockEndsStream);
  }

  /** @param padding the length of the padding of a DATA frame */
  #checkPadding(padding: number): number {
    // §6.1: the padding does not reach to the byte with its length.
    if (padding < this.#length) return padding;
    throw protocolError("DATA with more padding than there is room for");
  }

  /** §4.2: a frame that lacks bytes that it must have. */
  #checkLength(name: string, min: number): void {
    if (this.#length < min) throw sizeError(`${name} of ${this.#length} bytes`);
  }

  #expectLength(name: string, length: number): void {
    if (this.#length !== length) {
      throw sizeError(`${name} of ${this.#length} bytes instead of ${length}`);
    }
  }

  #countIdle(): void {
    if (++this.#idleFrames > MAX_IDLE_FRAMES) {
      throw calmError(`more than ${MAX_IDLE_FRAMES} frames without a response`);
    }
  }
}

/** RFC 9113 §5.1.1: requests have odd streams; a server opens even ones only by PUSH_PROMISE. */
function checkStreamId(name: string, streamId: number): void {
  if (streamId === 0) throw protocolError(`${name} on stream 0`);
  if (streamId % 2 === 0) throw protocolError(`${name} on stream ${streamId} of the server`);
}

function checkConnection(name: string, streamId: number): void {
  if (streamId !== 0) throw protocolError(`${name} on stream ${streamId} instead of 0`);
}

/** RFC 9113 §6.5.2. The last value of a setting counts. Unknown settings are ignored. */
function readSettings(bytes: Uint8Array, from: number, to: number): PeerSettings {
  const settings: PeerSettings = {};
  for (let k = from; k < to; k += 6) {
    const value = readUint32(bytes, k + 2);
    switch (bytes[k] << 8 | bytes[k + 1]) {
      case Setting.EnablePush:
        // Servers may not allow it to themselves.
        if (value !== 0) throw protocolError(`SETTINGS_ENABLE_PUSH of ${value}`);
        break;
      case Setting.MaxConcurrentStreams:
        settings.maxConcurrentStreams = value;
        break;
      case Setting.InitialWindowSize:
        if (value > MAX_WINDOW_BYTES) {
          const message = `SETTINGS_INITIAL_WINDOW_SIZE of ${value}`;
          throw new Http2Error(ErrorCode.FlowControlError, "connection", message);
        }
        settings.initialWindowSize = value;
        break;
      case Setting.MaxFrameSize:
        if (value < MAX_FRAME_BYTES || value >= 2 ** 24) {
          throw protocolError(`SETTINGS_MAX_FRAME_SIZE of ${value}`);
        }
        settings.maxFrameSize = value;
        break;
      case Setting.MaxHeaderListSize:
        settings.maxHeaderListSize = value;
        break;
    }
  }
  return settings;
}

function readUint32(bytes: Uint8Array, k: number): number {
  return (bytes[k] << 24 | bytes[k + 1] << 16 | bytes[k + 2] << 8 | bytes[k + 3]) >>> 0;
}

/** A number whose first bit is reserved, and ignored (RFC 9113 §4.1). */
function readUint31(bytes: Uint8Array, k: number): number {
  return (bytes[k] & 0x7f) << 24 | bytes[k + 1] << 16 | bytes[k + 2] << 8 | bytes[k + 3];
}

/** Describes the beginning of a response that does not begin with SETTINGS. */
function wordsForBeginning(text: string): string {
  const version = /^HTTP\/1\.[01](?= )/.exec(text)?.[0];
  return version === undefined
    ? `the response begins with ${JSON.stringify(text)}, not with SETTINGS of HTTP/2`
    : `the server answers with ${version}: use --http1.1 for this port`;
}

function protocolError(message: string, scope: ErrorScope = "connection"): Http2Error {
  return new Http2Error(ErrorCode.ProtocolError, scope, message);
}

function sizeError(message: string): Http2Error {
  return new Http2Error(ErrorCode.FrameSizeError, "connection", message);
}

function calmError(message: string): Http2Error {
  return new Http2Error(ErrorCode.EnhanceYourCalm, "connection", message);
}
