import type { ByteBuffer } from "../../byte_buffer.ts";
import type { BufferPool } from "./buffer_pool.ts";
import { SpoolFile, type SpoolPlace } from "./spool_file.ts";

/** The maximum number of bytes of a block in memory; there are two blocks for each exchange. */
export const MAX_HELD_BYTES = 256 * 1024;

const NOTHING = new Uint8Array(0);

/** The block of a record on its way into an archive: in memory, or on the disk once it is longer. */
export class SpooledBlock {
  readonly #place: SpoolPlace;
  readonly #buffers: BufferPool;
  /** What was not yet written; undefined before the first bytes. */
  #held: ByteBuffer | undefined;
  #file: SpoolFile | undefined;

  /** @param buffers of `MAX_HELD_BYTES` at most */
  constructor(place: SpoolPlace, buffers: BufferPool) {
    this.#place = place;
    this.#buffers = buffers;
  }

  /** @throws {OutputError} If it has to go to the disk, and cannot. */
  append(bytes: Uint8Array): void {
    const held = this.#held ??= this.#buffers.take();
    if (held.append(bytes)) return;
    this.#file ??= new SpoolFile(this.#place);
    this.#flush();
    // A piece of any length is packed in pieces whose room is bounded.
    for (let at = 0; at < bytes.length; at += MAX_HELD_BYTES) {
      const piece = bytes.subarray(at, at + MAX_HELD_BYTES);
      if (piece.length < MAX_HELD_BYTES) held.append(piece);
      else this.#file.write(piece);
    }
  }

  #flush(): void {
    const held = this.#held;
    if (held === undefined || held.length === 0) return;
    this.#file!.write(held.view());
    held.length = 0;
  }

  /** Whether it stays in memory with so many bytes more. */
  holds(count: number): boolean {
    return this.#file === undefined && (this.#held?.length ?? 0) + count <= MAX_HELD_BYTES;
  }

  /** Its bytes, valid until the next `append` or `discard`; undefined once it is on the disk. */
  view(): Uint8Array | undefined {
    if (this.#file !== undefined) return undefined;
    return this.#held?.view() ?? NOTHING;
  }

  /** Whether it is on the disk. */
  get isOnDisk(): boolean {
    return this.#file !== undefined;
  }

  /**
   * The file with all of it, which is the caller's then. Only if it is on the disk.
   *
   * @throws {OutputError} If its end cannot be written.
   */
  takeFile(): SpoolFile {
    this.#flush();
    const file = this.#file!;
    this.#file = undefined;
    return file;
  }

  /** Lets go of its buffer, and removes what is on the disk. */
  discard(): void {
    this.#file?.remove();
    this.#file = undefined;
    if (this.#held === undefined) return;
    this.#buffers.give(this.#held);
    this.#held = undefined;
  }
}
