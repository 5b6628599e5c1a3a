import type { BodyFolder } from "./body_folder.ts";

/** Most bytes of a body that wait for others, so that a small one is written in one go. */
const MAX_PIECE = 64 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * A body on its way into a file. Written at once and while the connection waits, so that a slow
 * disk slows the requests, and not the memory; the file is open during a write only, since there
 * may be no more descriptors than the connections take.
 */
export class BodyFile {
  readonly #i: number;
  readonly #folder: BodyFolder;
  /** What was not yet written, in its first `#length` bytes; at most `MAX_PIECE`. */
  #piece = NOTHING;
  #length = 0;
  #isThere = false;

  constructor(i: number, folder: BodyFolder) {
    this.#i = i;
    this.#folder = folder;
  }

  write(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > MAX_PIECE) {
      if (this.#length > 0) this.#append(this.#piece.subarray(0, this.#length));
      this.#length = 0;
      if (bytes.length >= MAX_PIECE) return this.#append(bytes);
      return this.#gather(bytes);
    }
    this.#gather(bytes);
  }

  #gather(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#piece.length) {
      // The first is mostly the only one; behind it, the room doubles.
      const room = this.#length === 0 ? needed : Math.min(MAX_PIECE, needed * 2);
      const piece = new Uint8Array(room);
      piece.set(this.#piece.subarray(0, this.#length));
      this.#piece = piece;
    }
    this.#piece.set(bytes, this.#length);
    this.#length = needed;
  }

  #append(bytes: Uint8Array): void {
    if (this.#isThere) return this.#folder.append(this.#i, bytes);
    this.#isThere = true;
    this.#folder.begin(this.#i, bytes);
  }

  /**
   * Writes what is left, and gives the file its name.
   *
   * @param ending with its dot, or empty
   * @returns the name
   */
  end(ending: string): string {
    if (this.#length > 0 || !this.#isThere) this.#append(this.#piece.subarray(0, this.#length));
    this.#piece = NOTHING;
    return this.#folder.put(this.#i, ending);
  }

  /** Removes what was written. */
  discard(): void {
    this.#piece = NOTHING;
    if (this.#isThere) this.#folder.discard(this.#i);
  }
}
