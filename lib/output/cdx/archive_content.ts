import { GZIP_MAGIC } from "../../unpack/magic.ts";
import { Unpacker } from "../../unpack/unpacker.ts";
import type { WarcContent } from "../../warc/read_records.ts";

const BLOCK_BYTES = 64 * 1024;

/** The content of a part of an archive's file, and where in the file each record begins. */
export class ArchiveContent implements WarcContent, Disposable {
  readonly #file: Deno.FsFile;
  readonly #start: number;
  /** Bytes of the part that were not read. */
  #left: number;
  readonly #buffer = new Uint8Array(BLOCK_BYTES);
  /** What was read to learn whether the records are compressed, until it is used. */
  #first: Uint8Array | undefined;
  /** Undefined where the records are not compressed. */
  #unpacker: Unpacker | undefined;
  /** Where the gzip member at hand begins in the file, and whether none of its content was given. */
  #member = 0;
  #isNewMember = false;
  /** Where the last block begins in the content, and whether a member begins with it. */
  #block = 0;
  #beginsMember = false;
  /** Bytes of all blocks so far. */
  #given = 0;

  /**
   * Opens a part of a file, which begins with a record.
   *
   * @param end behind its last byte
   */
  static async open(path: string, start: number, end: number): Promise<ArchiveContent> {
    const file = await Deno.open(path);
    try {
      await file.seek(start, Deno.SeekMode.Start);
      const content = new ArchiveContent(file, start, end - start);
      await content.#begin();
      return content;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(file: Deno.FsFile, start: number, length: number) {
    this.#file = file;
    this.#start = start;
    this.#left = length;
  }

  async #begin(): Promise<void> {
    this.#first = await this.#readFile();
    if (!GZIP_MAGIC.every((byte, k) => this.#first?.[k] === byte)) return;
    this.#unpacker = await Unpacker.open("gzip", () => this.#readFile(), (offset) => {
      this.#member = this.#start + offset;
      this.#isNewMember = true;
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    const block = await (this.#unpacker === undefined ? this.#readFile() : this.#unpacker.read());
    if (block === undefined) return undefined;
    this.#block = this.#given;
    this.#given += block.length;
    this.#beginsMember = this.#isNewMember;
    this.#isNewMember = false;
    return block;
  }

  locate(position: number): number {
    if (this.#unpacker === undefined) return this.#start + position;
    return this.#beginsMember && position === this.#block ? this.#member : NaN;
  }

  async #readFile(): Promise<Uint8Array | undefined> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    const into = this.#buffer.subarray(0, Math.min(BLOCK_BYTES, this.#left));
    const length = await this.#file.read(into);
    if (length === null || length === 0) return undefined;
    this.#left -= length;
    return into.subarray(0, length);
  }

  [Symbol.dispose](): void {
    this.#unpacker?.close();
    this.#file.close();
  }
}
