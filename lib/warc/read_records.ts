/**
 * Reads the records of a WARC file (ISO 28500:2017) as a stream.
 *
 * @module
 */
import { ByteBuffer } from "../byte_buffer.ts";
import { InputError } from "../errors.ts";
import { WarcHead, WarcHeadError } from "./warc_head.ts";

/** The longest head of a record: the longest URL that a run requests, escaped, fits in. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

const CR = 0x0d;
const LF = 0x0a;
/** What ends a record, and a head. */
const END = [CR, LF, CR, LF];
const BEGINNING = new TextEncoder().encode("WARC/");

/** The content of a file, in blocks. */
export interface WarcContent {
  /** The next block, valid until the next call; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Where in the file the record begins that begins at a place in the content; NaN where reading
   * cannot begin there. It is asked of the last block. Without it, the content is the file.
   */
  locate?(position: number): number;
}

/** Whether a file begins as a WARC file does. @param start its first bytes */
export function beginsWarc(start: Uint8Array): boolean {
  return BEGINNING.every((byte, k) => start[k] === byte);
}

/**
 * The records of a WARC file, one after the other. It holds a block of the file and the head of a
 * record; the block of a record is read in pieces, or skipped.
 */
export class WarcReader {
  readonly #content: WarcContent;
  /** What messages call the file. */
  readonly #name: string;
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  /** How many bytes of the content stand before `#bytes`. */
  #before = 0;
  /** Bytes of the record's block that were not read; NaN before the first record. */
  #left = NaN;
  /** The number of the record at hand, from 1. */
  count = 0;
  /** Where in the file the record at hand begins, in bytes; NaN where it cannot be read by itself. */
  offset = 0;

  constructor(content: WarcContent, name: string) {
    this.#content = content;
    this.#name = name;
  }

  /** About how many bytes of the content were read but not used yet. */
  get unread(): number {
    return this.#bytes.length - this.#at;
  }

  /**
   * Goes on to the next record; what is left of the one before is skipped.
   *
   * @returns its head; undefined at the end
   * @throws {InputError} If the file is not WARC, or breaks off.
   */
  async next(): Promise<WarcHead | undefined> {
    if (!Number.isNaN(this.#left)) {
      while (await this.read() !== undefined);
      await this.#takeEnd();
    }
    this.#left = NaN;
    if (!await this.#fill()) return undefined;
    const position = this.#before + this.#at;
    this.offset = this.#content.locate?.(position) ?? position;
    this.count++;
    const text = await this.#readHead();
    try {
      const head = WarcHead.parse(text);
      this.#left = head.contentLength;
      return head;
    } catch (error) {
      if (!(error instanceof WarcHeadError)) throw error;
      return this.#fail(error.message);
    }
  }

  /**
   * The next piece of the record's block, valid until the next call; undefined at its end.
   *
   * @throws {InputError} If the file breaks off.
   */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) return undefined;
    if (!await this.#fill()) this.#breakOff();
    const piece = this.#bytes.subarray(this.#at, this.#at + this.#left);
    this.#at += piece.length;
    this.#left -= piece.length;
    return piece;
  }

  /** @throws {InputError} With why the record at hand cannot be read. */
  #fail(why: string): never {
    throw new InputError(
      `Cannot read '${this.#name}' to its end: record ${this.count} ${why}: make the file again`,
    );
  }

  #breakOff(): never {
    throw new InputError(
      `Cannot read '${this.#name}' to its end: the input broke off ` +
        `(record ${this.count} is cut short): make it whole`,
    );
  }

  /** Takes the two line breaks behind a block. */
  async #takeEnd(): Promise<void> {
    for (const byte of END) {
      if (!await this.#fill()) this.#breakOff();
      if (this.#bytes[this.#at++] !== byte) {
        this.#fail("does not end where its Content-Length says");
      }
    }
  }

  /** Reads up to the empty line. @returns the lines before it */
  async #readHead(): Promise<string> {
    const start = findHeadEnd(this.#bytes, this.#at);
    if (start >= 0) {
      const text = decode(this.#bytes.subarray(this.#at, start));
      this.#at = start + END.length;
      return text;
    }
    const head = new ByteBuffer(MAX_HEAD_BYTES);
    for (;;) {
      const before = head.length;
      // What is not WARC is told at once, rather than after 4 MiB of it.
      const isWrong = before >= BEGINNING.length && !beginsWarc(head.view());
      if (isWrong) this.#fail("does not begin with a version of WARC");
      if (!await this.#fill()) this.#breakOff();
      const piece = this.#bytes.subarray(this.#at);
      if (!head.append(piece)) this.#fail("has a head of more than 4 MiB");
      const end = findHeadEnd(head.view(), Math.max(0, before - END.length + 1));
      if (end >= 0) {
        this.#at += end + END.length - before;
        return decode(head.view().subarray(0, end));
      }
      this.#at = this.#bytes.length;
    }
  }

  /** Reads a block if nothing is at hand. @returns false at the end */
  async #fill(): Promise<boolean> {
    while (this.#at === this.#bytes.length) {
      this.#before += this.#bytes.length;
      this.#at = 0;
      const block = await this.#content.read();
      this.#bytes = block ?? new Uint8Array();
      if (block === undefined) return false;
    }
    return true;
  }
}

const decoder = new TextDecoder();

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Where the end of a head is, its last line break and the empty line; -1 without one. */
function findHeadEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; (at = bytes.indexOf(CR, at)) >= 0; at++) {
    if (END.every((byte, k) => bytes[at + k] === byte)) return at;
  }
  return -1;
}
