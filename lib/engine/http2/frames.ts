/**
 * The frames of HTTP/2, as their reader and their writer share them.
 *
 * @module
 */

/** RFC 9113 §6. */
export const enum FrameType {
  Data = 0x0,
  Headers = 0x1,
  Priority = 0x2,
  RstStream = 0x3,
  Settings = 0x4,
  PushPromise = 0x5,
  Ping = 0x6,
  Goaway = 0x7,
  WindowUpdate = 0x8,
  Continuation = 0x9,
}

/** Flags of frames; which ones a frame may have depends on its type. */
export const enum Flag {
  /** Of SETTINGS and PING. */
  Ack = 0x1,
  /** Of DATA and HEADERS. */
  EndStream = 0x1,
  /** Of HEADERS and CONTINUATION. */
  EndHeaders = 0x4,
  /** Of DATA and HEADERS. */
  Padded = 0x8,
  /** Of HEADERS. */
  Priority = 0x20,
}

/** RFC 9113 §6.5.2. */
export const enum Setting {
  HeaderTableSize = 0x1,
  EnablePush = 0x2,
  MaxConcurrentStreams = 0x3,
  InitialWindowSize = 0x4,
  MaxFrameSize = 0x5,
  MaxHeaderListSize = 0x6,
}

/** The number of bytes of a frame before its payload (RFC 9113 §4.1). */
export const FRAME_HEAD_BYTES = 9;

/**
 * The maximum number of bytes of a payload, unless SETTINGS_MAX_FRAME_SIZE allows more (RFC 9113
 * §4.2). Here it never does: larger frames save nothing worth their buffer.
 */
export const MAX_FRAME_BYTES = 16_384;

/** The maximum number of bytes of a flow-control window (RFC 9113 §6.9.1). */
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;

/** The flow-control window of a connection, and of a stream without a setting (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;
