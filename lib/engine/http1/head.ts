/**
 * The head of an HTTP/1.1 response: bytes in, framing out. No sockets, and no text that nobody reads.
 *
 * @module
 */
import { readText } from "../read_text.ts";

/** How the end of a body is found (RFC 9112 §6.3). */
export type Framing = "none" | "length" | "chunked" | "close";

/** The head of a response, as far as a client needs it. */
export interface Head {
  /** 100 to 999. */
  status: number;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  minor: number;
  framing: Framing;
  /** Bytes of the body with the framing `length`; 0 otherwise. */
  length: number;
  /** Whether the connection may be used again once the body has ended. */
  persistent: boolean;
  /**
   * The first `Location` field of a 201 or 3xx, each character a byte; null without one.
   */
  location: string | null;
  /** Whether another `Location` differs from the first. */
  isAmbiguous: boolean;
  /**
   * The `Retry-After` fields of a 429 or 503, each character a byte, joined by `, `; null without
   * one.
   */
  retryAfter: string | null;
}

/** A response that breaks RFC 9112, or has a head that is too large; in words. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** The problem of an upgrade (RFC 9110 §15.2.2): no request here asks for one. */
export const UNASKED_UPGRADE = "101 Switching Protocols, which was not asked for";

/** The maximum number of bytes of a head, and of fields in it. */
export const MAX_HEAD_BYTES = 64 * 1024;
const MAX_FIELDS = 256;

/** The problem of a line with one of these bytes (RFC 9110 §5.5, RFC 9112 §2.2). */
const BARE_CR = "NUL, or CR without LF, in the head";

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COMMA = 0x2c;
const COLON = 0x3a;

/** RFC 9110 §5.6.2: 1 for the bytes of a token. */
export const TOKEN = new Uint8Array(256);
for (
  const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
) {
  TOKEN[character.charCodeAt(0)] = 1;
}

/** An example of a status line (RFC 9112 §4), as far as its form is fixed; and where its status is. */
const STATUS_LINE = new TextEncoder().encode("HTTP/1.1 200 ");
const STATUS_AT = 9;

/** The maximum number of bytes that a message repeats of a beginning that is not HTTP. */
const MAX_SHOWN_BYTES = 16;

const CLOSE = new TextEncoder().encode("close");
const KEEP_ALIVE = new TextEncoder().encode("keep-alive");

/** The fields that matter, by the lengths of their names, which all differ. */
const NAMES: readonly (Uint8Array | undefined)[] = (() => {
  const names: (Uint8Array | undefined)[] = [];
  for (
    const name of ["location", "connection", "retry-after", "content-length", "transfer-encoding"]
  ) {
    if (names[name.length] !== undefined) throw new Error(`'${name}' is as long as another name`);
    names[name.length] = new TextEncoder().encode(name);
  }
  return names;
})();

const LOCATION = "location".length;
const CONNECTION = "connection".length;
const RETRY_AFTER = "retry-after".length;
const CONTENT_LENGTH = "content-length".length;
const TRANSFER_ENCODING = "transfer-encoding".length;

/**
 * Finds the end of a head: the empty line after it (RFC 9112 §2.1), CRLF or LF.
 *
 * @param from where to start; three bytes before the first new one are enough
 * @returns the position after the empty line, or -1 if it has not come yet
 */
export function headEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let k = from; k < to; k++) {
    if (bytes[k] !== LF) continue;
    if (k + 1 < to && bytes[k + 1] === LF) return k + 2;
    if (k + 2 < to && bytes[k + 1] === CR && bytes[k + 2] === LF) return k + 3;
  }
  return -1;
}

/**
 * Checks the bytes of a head that have come so far: a server that does not speak HTTP may never send
 * the end of a head.
 *
 * @throws {ProtocolError} If no status line begins with these bytes.
 */
export function checkBeginning(bytes: Uint8Array, from: number, to: number): void {
  if (to - from >= STATUS_LINE.length) return void parseStatus(bytes, from, to);
  const line = STATUS_LINE.slice();
  line.set(bytes.subarray(from, to));
  parseStatus(line, 0, to - from);
}

/**
 * Reads a head.
 *
 * LF alone ends a line too (RFC 9112 §2.2). CR alone, NUL, white space before a colon, and folded
 * lines (obs-fold, §5.2) are refused.
 *
 * @param from its first byte
 * @param to the result of {@linkcode headEnd}
 * @param isHead whether the request was a HEAD
 * @param isConnect whether the request was a CONNECT: the length and coding of a 2xx then mean
 * nothing (RFC 9110 §9.3.6)
 * @throws {ProtocolError} If it breaks the rules.
 */
export function parseHead(
  bytes: Uint8Array,
  from: number,
  to: number,
  isHead: boolean,
  isConnect = false,
): Head {
  const status = parseStatus(bytes, from, to);
  const minor = bytes[from + 7] - 0x30;
  const isTunnel = isConnect && status >= 200 && status <= 299;
  let k = lineEnd(bytes, from + STATUS_AT + 3, to);

  let length = -1;
  let isChunked = false;
  let hasEncoding = false;
  let closes = false;
  let keeps = false;
  let location: string | null = null;
  let isAmbiguous = false;
  let retryAfter: string | null = null;
  for (let fields = 0; !isEmptyLine(bytes, k); fields++) {
    if (fields === MAX_FIELDS) throw new ProtocolError(`more than ${MAX_FIELDS} fields`);
    const start = k;
    while (TOKEN[bytes[k]] === 1) k++;
    if (k === start || bytes[k] !== COLON) {
      throw new ProtocolError("a field's name is not a token, or has white space before its colon");
    }
    const nameLength = k - start;
    const end = lineEnd(bytes, k + 1, to);
    k = end;
    if (NAMES[nameLength] !== undefined && isKnownName(bytes, start, NAMES[nameLength]!)) {
      let first = start + nameLength + 1;
      let last = end - 1;
      if (bytes[last - 1] === CR) last--;
      while (first < last && isBlank(bytes[first])) first++;
      while (last > first && isBlank(bytes[last - 1])) last--;
      if (nameLength === CONTENT_LENGTH) {
        if (isTunnel) continue;
        const value = parseLength(bytes, first, last);
        if (length >= 0 && length !== value) throw new ProtocolError("two different lengths");
        length = value;
      } else if (nameLength === TRANSFER_ENCODING) {
        if (isTunnel) continue;
        if (hasEncoding || readText(bytes, first, last).toLowerCase() !== "chunked") {
          throw new ProtocolError("a transfer coding other than chunked");
        }
        hasEncoding = isChunked = true;
      } else if (nameLength === CONNECTION) {
        for (let k = first; k < last; k++) {
          const start = k;
          while (k < last && bytes[k] !== COMMA) k++;
          if (isOption(bytes, start, k, CLOSE)) closes = true;
          else if (isOption(bytes, start, k, KEEP_ALIVE)) keeps = true;
        }
      } else if (nameLength === LOCATION) {
        const value = readText(bytes, first, last);
        location ??= value;
        isAmbiguous ||= value !== location;
      } else if (nameLength === RETRY_AFTER && (status === 429 || status === 503)) {
        const value = readText(bytes, first, last);
        retryAfter = retryAfter === null ? value : `${retryAfter}, ${value}`;
      }
    }
  }

  // RFC 9112 §6.3, in its order.
  const hasNone = isHead || status < 200 || status === 204 || status === 304;
  const framing = hasNone ? "none" : isChunked ? "chunked" : length >= 0 ? "length" : "close";
  return {
    status,
    minor,
    framing,
    length: framing === "length" ? length : 0,
    // §9.3: close wins, and HTTP/1.0 needs keep-alive. §6.1: responses are smuggled by a coding
    // together with a length, or by a coding in HTTP/1.0; the bytes that follow cannot be trusted.
    persistent: !closes && (minor === 1 || keeps) && framing !== "close" &&
      !(hasEncoding && (length >= 0 || minor === 0)),
    location: status === 201 || (status >= 300 && status < 400) ? location : null,
    isAmbiguous,
    retryAfter,
  };
}

/**
 * The status of a status line, whose version is HTTP/1.1 or HTTP/1.0.
 *
 * @param to the end of the bytes that came; the example stands in for those that follow
 */
function parseStatus(bytes: Uint8Array, from: number, to: number): number {
  const minor = bytes[from + 7];
  for (let k = 0; k < STATUS_AT; k++) {
    if (bytes[from + k] !== STATUS_LINE[k] && !(k === 7 && minor === 0x30)) {
      throw new ProtocolError(wordsForBeginning(bytes, from, to));
    }
  }
  let status = 0;
  for (let k = from + STATUS_AT; k < from + STATUS_AT + 3; k++) {
    const digit = bytes[k] - 0x30;
    if (!(digit >= 0 && digit <= 9)) throw new ProtocolError("the status is not three digits");
    status = status * 10 + digit;
  }
  if (status < 100) throw new ProtocolError("the status is below 100");
  const behind = bytes[from + STATUS_AT + 3];
  if (behind !== SP && behind !== CR && behind !== LF) {
    throw new ProtocolError("the status line has no space after the status");
  }
  return status;
}

/** Describes the beginning of a response that does not begin with HTTP. */
function wordsForBeginning(bytes: Uint8Array, from: number, to: number): string {
  // RFC 8446 §5.1: an alert, which a TLS server sends when it gets plain text.
  if (bytes[from] === 0x15 && (to - from < 2 || bytes[from + 1] === 0x03)) {
    return "the server answers with a TLS alert: use https for this port";
  }
  // RFC 9113 §3.4: SETTINGS, which a server of HTTP/2 sends first, on stream 0 and without flags.
  const behindLength = bytes.subarray(from + 3, Math.min(to, from + 9));
  if (bytes[from] === 0 && readText(behindLength, 0, behindLength.length) === "\x04\0\0\0\0\0") {
    return "the server answers with HTTP/2: use --http2 for this port";
  }
  const shown = readText(bytes, from, Math.min(to, from + MAX_SHOWN_BYTES));
  return `the response begins with ${JSON.stringify(shown)}, not with HTTP/1.1 or HTTP/1.0`;
}

/**
 * Whether the empty line that ends a head begins here.
 *
 * @throws {ProtocolError} If CR is here without LF, which {@linkcode headEnd} does not look for.
 */
function isEmptyLine(bytes: Uint8Array, k: number): boolean {
  if (bytes[k] === LF) return true;
  if (bytes[k] !== CR) return false;
  if (bytes[k + 1] !== LF) throw new ProtocolError(BARE_CR);
  return true;
}

/**
 * The position after the LF of a line.
 *
 * @throws {ProtocolError} If the line has NUL, or CR without LF (RFC 9110 §5.5).
 */
function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let k = from; k < to; k++) {
    const byte = bytes[k];
    if (byte > CR) continue;
    if (byte === LF) return k + 1;
    if (byte === 0 || (byte === CR && bytes[k + 1] !== LF)) {
      throw new ProtocolError(BARE_CR);
    }
  }
  throw new ProtocolError("a line of the head has no end");
}

/** Whether a list (RFC 9110 §5.6.1) has an option, in any case. */
function isOption(bytes: Uint8Array, from: number, to: number, option: Uint8Array): boolean {
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  return to - from === option.length && isKnownName(bytes, from, option);
}

/** Whether a byte is white space within a line (RFC 9110 §5.6.3). */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/**
 * Whether bytes are a name of letters and hyphens, in any case. Within a token, `| 0x20` turns only
 * letters into letters. Among other bytes it can only turn CR into "-", and no line has CR.
 */
function isKnownName(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let k = 0; k < name.length; k++) {
    if ((bytes[from + k] | 0x20) !== name[k]) return false;
  }
  return true;
}

/** Reads a length (RFC 9110 §8.6): digits only, and not too large to count. */
function parseLength(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let k = from; k < to; k++) {
    const digit = bytes[k] - 0x30;
    if (!(digit >= 0 && digit <= 9)) {
      throw new ProtocolError("the length has other characters than digits");
    }
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) throw new ProtocolError("the length is too large");
  }
  if (from === to) throw new ProtocolError("the length is empty");
  return value;
}
