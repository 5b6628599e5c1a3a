import type { Result } from "../result.ts";

/** Records that one thread has encoded for the output of another. */
export interface EncodedRecords {
  /** In UTF-8, as the format's formatter has made them. They share their buffer with nothing. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether these are compressed: a gzip member of their own. */
  readonly isPacked: boolean;
}

/** 41 ms for 16 MB of records, not 65 as by the usual level of 6, for 0.2 % more bytes. */
const GZIP_LEVEL = 5;
/** Fewer bytes are not worth a gzip member of their own. */
const MIN_MEMBER_BYTES = 64 * 1024;

/**
 * The number of characters that are encoded at once. The pieces of a longer text would survive a
 * collection of garbage, which costs more than to encode them.
 */
const PIECE_LENGTH = 4 * 1024;
/** How many bytes there is room for at first. */
const FIRST_BYTES = 64 * 1024;
/** The maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UNIT_BYTES = 3;

const encoder = new TextEncoder();

/**
 * Encodes records for an output of another thread, and compresses them here if it is compressed: so
 * each thread does that work for its own records.
 */
export class RecordEncoder {
  readonly #format: (result: Result) => string;
  readonly #compress: ((bytes: Uint8Array) => Uint8Array<ArrayBuffer>) | undefined;
  /**
   * Whole records, the last of them as text. Whoever adds them looks at their length, which is about
   * half of the room at least.
   */
  #bytes = new Uint8Array(FIRST_BYTES);
  #byteLength = 0;
  #text = "";
  /** How many of the bytes {@linkcode peek} has given. */
  #seen = 0;

  /**
   * @param format makes the lines of a result, each with its newline; empty for none
   * @param gzip whether the output is compressed
   */
  static async open(format: (result: Result) => string, gzip: boolean): Promise<RecordEncoder> {
    const zlib = gzip ? await import("node:zlib") : undefined;
    return new RecordEncoder(
      format,
      zlib && ((bytes) => own(zlib.gzipSync(bytes, { level: GZIP_LEVEL }))),
    );
  }

  private constructor(
    format: (result: Result) => string,
    compress: ((bytes: Uint8Array) => Uint8Array<ArrayBuffer>) | undefined,
  ) {
    this.#format = format;
    this.#compress = compress;
  }

  add(result: Result): void {
    this.#text += this.#format(result);
    if (this.#text.length >= PIECE_LENGTH) this.#encode();
  }

  #encode(): void {
    const text = this.#text;
    this.#text = "";
    const needed = this.#byteLength + MAX_UNIT_BYTES * text.length;
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(2 * needed);
      bytes.set(this.#bytes.subarray(0, this.#byteLength));
      this.#bytes = bytes;
    }
    this.#byteLength += encoder.encodeInto(text, this.#bytes.subarray(this.#byteLength)).written;
  }

  /** About how many bytes {@linkcode take} would give if it did not compress them. */
  get length(): number {
    return this.#byteLength + this.#text.length;
  }

  /** About how many bytes {@linkcode peek} would give. */
  get freshLength(): number {
    return this.length - this.#seen;
  }

  /** The records since it was called last, which stay; valid until the next `add`. */
  peek(): Uint8Array<ArrayBuffer> {
    this.#encode();
    const fresh = this.#bytes.subarray(this.#seen, this.#byteLength);
    this.#seen = this.#byteLength;
    return fresh;
  }

  /** Gives all records so far without compressing them, and drops them; valid until the next `add`. */
  borrow(): Uint8Array<ArrayBuffer> {
    this.#encode();
    const bytes = this.#bytes.subarray(0, this.#byteLength);
    this.#byteLength = this.#seen = 0;
    return bytes;
  }

  /** Takes all records so far; undefined without any. */
  take(): EncodedRecords | undefined {
    this.#encode();
    const length = this.#byteLength;
    if (length === 0) return undefined;
    this.#byteLength = this.#seen = 0;
    return this.#compress === undefined || length < MIN_MEMBER_BYTES
      ? { bytes: this.#bytes.slice(0, length), isPacked: false }
      : { bytes: this.#compress(this.#bytes.subarray(0, length)), isPacked: true };
  }
}

/** The bytes in a buffer that nothing else uses, so that it can be transferred. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? bytes as Uint8Array<ArrayBuffer> : bytes.slice();
}
