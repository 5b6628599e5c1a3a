/** The codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const enum ErrorCode {
  NoError = 0x0,
  ProtocolError = 0x1,
  InternalError = 0x2,
  FlowControlError = 0x3,
  SettingsTimeout = 0x4,
  StreamClosed = 0x5,
  FrameSizeError = 0x6,
  RefusedStream = 0x7,
  Cancel = 0x8,
  CompressionError = 0x9,
  ConnectError = 0xa,
  EnhanceYourCalm = 0xb,
  InadequateSecurity = 0xc,
  Http11Required = 0xd,
}

const NAMES: readonly string[] = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

/** The name of a code as in RFC 9113 §7; `error code 99` for a code without a name. */
export function nameErrorCode(code: number): string {
  return NAMES[code] ?? `error code ${code}`;
}

/**
 * What ends with an error: one stream, or the connection with all its streams (RFC 9113 §5.4).
 * A stream error leaves the connection as it was.
 */
export type ErrorScope = "stream" | "connection";

/** What the server sent, and RFC 9113 or RFC 7541 forbids, or is too large; in words. */
export class Http2Error extends Error {
  override name = "Http2Error";
  /** What to tell the server, by RST_STREAM or GOAWAY. */
  readonly code: ErrorCode;
  readonly scope: ErrorScope;

  constructor(code: ErrorCode, scope: ErrorScope, message: string) {
    super(message);
    this.code = code;
    this.scope = scope;
  }
}
