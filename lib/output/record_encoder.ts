import type { Result } from "../result.ts";

/** Records that one thread has encoded for the output of another. */
export interface EncodedRecords {
  /** In UTF-8, as the format's formatter has made them. They share their buffer with nothing. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether these are compressed: a gzip member of their own. */
  readonly isPacked: boolean;
}

/** Text of fewer characters is not worth a gzip member of its own. */
const MIN_MEMBER_LENGTH = 64 * 1024;

const encoder = new TextEncoder();

/**
 * Encodes records for an output of another thread, and compresses them here if it is compressed: so
 * each thread does that work for its own records.
 */
export class RecordEncoder {
  readonly #format: (result: Result) => string;
  readonly #compress: ((bytes: Uint8Array) => Uint8Array<ArrayBuffer>) | undefined;
  /** Whole records. Whoever adds them looks at their length. */
  #text = "";

  /**
   * @param format makes the lines of a result, each with its newline; empty for none
   * @param gzip whether the output is compressed
   */
  static async open(format: (result: Result) => string, gzip: boolean): Promise<RecordEncoder> {
    const zlib = gzip ? await import("node:zlib") : undefined;
    return new RecordEncoder(format, zlib && ((bytes) => own(zlib.gzipSync(bytes))));
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
  }

  /** The length of what {@linkcode take} would give, in characters and before it is compressed. */
  get length(): number {
    return this.#text.length;
  }

  /** Takes all records so far; undefined without any. */
  take(): EncodedRecords | undefined {
    const text = this.#text;
    if (text === "") return undefined;
    this.#text = "";
    const bytes = encoder.encode(text);
    return this.#compress === undefined || text.length < MIN_MEMBER_LENGTH
      ? { bytes, isPacked: false }
      : { bytes: this.#compress(bytes), isPacked: true };
  }
}

/** The bytes in a buffer that nothing else uses, so that it can be transferred. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? bytes as Uint8Array<ArrayBuffer> : bytes.slice();
}
