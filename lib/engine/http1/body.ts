import type { ByteSink } from "../body_tap.ts";
import { type Head, isBlank, ProtocolError, TOKEN } from "./head.ts";

/** The maximum number of bytes of all chunk extensions and trailers of a body together. */
const MAX_EXTRA_BYTES = 16 * 1024;

/** The maximum number of digits of a chunk's size: as many as 64 bits have. */
const MAX_DIGITS = 16;

/**
 * The maximum number of bytes of white space after a chunk's size: some servers pad every size to
 * one width.
 */
const MAX_BLANKS = 256;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

/** The next part of a chunked body (RFC 9112 §7.1). */
const enum Next {
  /** The first digit of a chunk's size. */
  Size,
  /** Another digit, or what follows the digits. */
  MoreSize,
  /** White space after a chunk's size (BWS). */
  Blank,
  Extension,
  SizeLf,
  Data,
  DataCr,
  DataLf,
  /** The first byte of a trailer's line, or of the empty line. */
  Trailer,
  /** More of a trailer's name, or the colon after it. */
  TrailerName,
  TrailerValue,
  TrailerLf,
  EndLf,
}

/**
 * Finds the end of a body that comes in any pieces, and counts its bytes. It keeps no bytes, but
 * passes them to a sink.
 */
export class BodyReader {
  /** Bytes of the body so far, without their framing. */
  size = 0;
  isDone = false;
  #isChunked = false;
  /** Bytes of the body or chunk that are still to come; Infinity up to the end of the connection. */
  #left = 0;
  #next = Next.Size;
  /** Digits of the chunk's size so far. */
  #digits = 0;
  /** Bytes of white space after it so far. */
  #blanks = 0;
  /** Bytes of extensions and trailers so far. */
  #extra = 0;
  #sink: ByteSink | undefined;

  /** Begins the body that follows a head. @param sink gets its bytes, without their framing */
  begin({ framing, length }: Head, sink?: ByteSink): void {
    this.#sink = sink;
    this.size = 0;
    this.#isChunked = framing === "chunked";
    this.#left = framing === "close" ? Infinity : length;
    this.isDone = !this.#isChunked && this.#left === 0;
    this.#next = Next.Size;
    this.#extra = 0;
  }

  /**
   * Reads bytes of the body, and stops after its last one.
   *
   * @returns the position after the bytes that it read: `to`, unless the body ended before
   * @throws {ProtocolError} If the framing of the chunks is wrong.
   */
  feed(bytes: Uint8Array, from: number, to: number): number {
    if (this.isDone) return from;
    if (this.#isChunked) return this.#feedChunks(bytes, from, to);
    const count = Math.min(this.#left, to - from);
    this.size += count;
    this.#left -= count;
    this.isDone = this.#left === 0;
    if (count > 0) this.#sink?.write(bytes.subarray(from, from + count));
    return from + count;
  }

  /** Whether the end of the connection is the end of the body. */
  get endsWithConnection(): boolean {
    return this.isDone || this.#left === Infinity;
  }

  #feedChunks(bytes: Uint8Array, from: number, to: number): number {
    let k = from;
    while (k < to) {
      if (this.#next === Next.Data) {
        const count = Math.min(this.#left, to - k);
        this.size += count;
        this.#left -= count;
        this.#sink?.write(bytes.subarray(k, k + count));
        k += count;
        if (this.#left === 0) this.#next = Next.DataCr;
        continue;
      }
      const byte = bytes[k++];
      switch (this.#next) {
        case Next.Size:
        case Next.MoreSize:
          this.#readSize(byte);
          break;
        case Next.Blank:
          this.#readBlank(byte);
          break;
        case Next.Extension:
          this.#count();
          if (byte === CR) this.#next = Next.SizeLf;
          else if (byte === LF || byte === 0) {
            throw new ProtocolError("NUL, or LF without CR, in a chunk's extension");
          }
          break;
        case Next.SizeLf:
          expect(byte, LF);
          this.#next = this.#left === 0 ? Next.Trailer : Next.Data;
          break;
        case Next.DataCr:
          expect(byte, CR);
          this.#next = Next.DataLf;
          break;
        case Next.DataLf:
          expect(byte, LF);
          this.#next = Next.Size;
          break;
        case Next.Trailer:
        case Next.TrailerName:
        case Next.TrailerValue:
          this.#readTrailer(byte);
          break;
        case Next.TrailerLf:
          expect(byte, LF);
          this.#next = Next.Trailer;
          break;
        case Next.EndLf:
          expect(byte, LF);
          this.isDone = true;
          return k;
      }
    }
    return k;
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      const isFirst = this.#next === Next.Size;
      this.#left = isFirst ? digit : this.#left * 16 + digit;
      this.#digits = isFirst ? 1 : this.#digits + 1;
      // Endless leading zeros are not a size either.
      if (this.#digits > MAX_DIGITS || this.#left > Number.MAX_SAFE_INTEGER) {
        throw new ProtocolError("a chunk's size is too large");
      }
      this.#next = Next.MoreSize;
    } else if (this.#next === Next.Size) {
      throw new ProtocolError("a chunk's size is not a hexadecimal number");
    } else {
      this.#blanks = 0;
      this.#readBlank(byte);
    }
  }

  /** Reads what follows the digits of a size: white space, then an extension or the end of the line. */
  #readBlank(byte: number): void {
    if (byte === CR) {
      this.#next = Next.SizeLf;
    } else if (byte === SEMICOLON) {
      this.#next = Next.Extension;
    } else if (isBlank(byte)) {
      // RFC 9112 §7.1.1 allows it before an extension only; some servers put it before the CR.
      this.#next = Next.Blank;
      if (++this.#blanks > MAX_BLANKS) {
        throw new ProtocolError(
          `more than ${MAX_BLANKS} bytes of white space after a chunk's size`,
        );
      }
    } else {
      throw new ProtocolError("a chunk's size is not a hexadecimal number");
    }
  }

  /** Reads a trailer, which follows the rules of a field in a head (RFC 9112 §7.1.2). */
  #readTrailer(byte: number): void {
    if (byte === CR && this.#next !== Next.TrailerName) {
      this.#next = this.#next === Next.Trailer ? Next.EndLf : Next.TrailerLf;
      return;
    }
    this.#count();
    if (this.#next === Next.TrailerValue) {
      if (byte === LF || byte === 0) {
        throw new ProtocolError("NUL, or LF without CR, in a trailer");
      }
    } else if (TOKEN[byte] === 1) {
      this.#next = Next.TrailerName;
    } else if (byte === COLON && this.#next === Next.TrailerName) {
      this.#next = Next.TrailerValue;
    } else {
      throw new ProtocolError("a trailer's name is not a token, or has white space after it");
    }
  }

  #count(): void {
    if (++this.#extra > MAX_EXTRA_BYTES) {
      throw new ProtocolError(`more than ${MAX_EXTRA_BYTES} bytes of extensions and trailers`);
    }
  }
}

function expect(byte: number, expected: number): void {
  if (byte !== expected) throw new ProtocolError("a chunk does not end in CRLF");
}

/** The value of a hexadecimal digit in any case, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
