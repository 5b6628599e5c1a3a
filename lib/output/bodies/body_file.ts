import { crc32 } from "node:zlib";
import { ByteBuffer } from "../../byte_buffer.ts";
import type { BodyFolder } from "./body_folder.ts";

/**
 * The maximum number of bytes of a body that wait for others, so that a small one is written in one
 * go.
 */
const MAX_PIECE_BYTES = 64 * 1024;

/**
 * A body on its way into a file. It is written while the connection waits, so that a slow disk slows
 * the requests and does not fill the memory. The file is open during a write only, since the
 * connections may take all other descriptors.
 */
export class BodyFile {
  readonly #i: number;
  readonly #folder: BodyFolder;
  /** What was not yet written. */
  readonly #piece = new ByteBuffer(MAX_PIECE_BYTES);
  #isThere = false;
  /** Its bytes so far, with those that were not yet written at the end. */
  length = 0;
  /** Their CRC-32, if that is wanted; 0 otherwise. */
  crc = 0;
  readonly #isChecked: boolean;

  /** @param isChecked whether its CRC-32 is wanted */
  constructor(i: number, folder: BodyFolder, isChecked: boolean) {
    this.#i = i;
    this.#folder = folder;
    this.#isChecked = isChecked;
  }

  write(bytes: Uint8Array): void {
    this.length += bytes.length;
    if (this.#piece.append(bytes)) return;
    this.#flush();
    if (!this.#piece.append(bytes)) this.#append(bytes);
  }

  #flush(): void {
    if (this.#piece.length > 0) this.#append(this.#piece.view());
    this.#piece.length = 0;
  }

  #append(bytes: Uint8Array): void {
    if (this.#isChecked) this.crc = crc32(bytes, this.crc);
    if (this.#isThere) return this.#folder.append(this.#i, bytes);
    this.#isThere = true;
    this.#folder.begin(this.#i, bytes);
  }

  /** Writes what is left; an empty body as well. */
  end(): void {
    if (this.#piece.length > 0 || !this.#isThere) this.#append(this.#piece.view());
  }

  /** Removes what was written. */
  discard(): void {
    if (this.#isThere) this.#folder.discard(this.#i);
  }
}
