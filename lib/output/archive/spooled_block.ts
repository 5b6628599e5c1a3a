import { ByteBuffer } from "../../byte_buffer.ts";
import { SpoolFile, type SpoolPlace } from "./spool_file.ts";

/** The maximum number of bytes of a block in memory; there are two blocks for each exchange. */
const MAX_HELD_BYTES = 256 * 1024;

/** The block of a record on its way into an archive: in memory, or on the disk once it is longer. */
export class SpooledBlock {
  readonly #place: SpoolPlace;
  /** What was not yet written. */
  readonly #held = new ByteBuffer(MAX_HELD_BYTES);
  #file: SpoolFile | undefined;

  constructor(place: SpoolPlace) {
    this.#place = place;
  }

  append(bytes: Uint8Array): void {
    if (this.#held.append(bytes)) return;
    this.#file ??= new SpoolFile(this.#place);
    this.#flush();
    // A piece of any length is packed in pieces whose room is bounded.
    for (let at = 0; at < bytes.length; at += MAX_HELD_BYTES) {
      const piece = bytes.subarray(at, at + MAX_HELD_BYTES);
      if (piece.length < MAX_HELD_BYTES) this.#held.append(piece);
      else this.#file.write(piece);
    }
  }

  #flush(): void {
    if (this.#held.length > 0) this.#file!.write(this.#held.view());
    this.#held.length = 0;
  }

  /** Whether it stays in memory with so many bytes more. */
  holds(count: number): boolean {
    return this.#file === undefined && this.#held.length + count <= MAX_HELD_BYTES;
  }

  /** Its bytes, valid until the next `append`; undefined once it is on the disk. */
  view(): Uint8Array | undefined {
    return this.#file === undefined ? this.#held.view() : undefined;
  }

  /** Whether it is on the disk. */
  get isOnDisk(): boolean {
    return this.#file !== undefined;
  }

  /** The file with all of it, which is the caller's then. Only if it is on the disk. */
  takeFile(): SpoolFile {
    this.#flush();
    const file = this.#file!;
    this.#file = undefined;
    return file;
  }

  /** Removes what is on the disk. */
  discard(): void {
    this.#file?.remove();
    this.#file = undefined;
  }
}
