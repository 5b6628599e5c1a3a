import type { BodyReader, StreamedBody } from "../target.ts";
import type { FormFile } from "./form_file.ts";

/** The maximum number of bytes that are read at once. */
const MAX_READ_BYTES = 64 * 1024;

/** Where the bytes of a read are; those of the next read take their place. */
const bytes = new Uint8Array(MAX_READ_BYTES);

/** A body of bytes in memory and of files, one behind the other. */
export class PiecedBody implements StreamedBody {
  readonly #pieces: readonly (Uint8Array | FormFile)[];
  readonly length: number;
  readonly heldBytes: number;

  constructor(pieces: readonly (Uint8Array | FormFile)[]) {
    this.#pieces = pieces;
    let length = 0;
    let heldBytes = 0;
    for (const piece of pieces) {
      length += piece.length;
      if (piece instanceof Uint8Array) heldBytes += piece.length;
    }
    this.length = length;
    this.heldBytes = heldBytes;
  }

  open(): BodyReader {
    return new PiecedReader(this.#pieces, this.length);
  }
}

class PiecedReader implements BodyReader {
  readonly #pieces: readonly (Uint8Array | FormFile)[];
  length: number;
  /** The piece that is read next, and the position in it. */
  #next = 0;
  #at = 0;

  constructor(pieces: readonly (Uint8Array | FormFile)[], length: number) {
    this.#pieces = pieces;
    this.length = length;
  }

  read(maxBytes: number): Uint8Array<ArrayBuffer> {
    const count = Math.min(maxBytes, this.length, MAX_READ_BYTES);
    let filled = 0;
    while (filled < count) {
      const piece = this.#pieces[this.#next];
      const left = piece.length - this.#at;
      if (left === 0) {
        this.#next++;
        this.#at = 0;
        continue;
      }
      const room = bytes.subarray(filled, Math.min(count, filled + left));
      const taken = piece instanceof Uint8Array
        ? copy(piece, this.#at, room)
        : piece.read(this.#at, room);
      this.#at += taken;
      filled += taken;
    }
    this.length -= count;
    return bytes.subarray(0, count);
  }
}

function copy(from: Uint8Array, at: number, into: Uint8Array): number {
  into.set(from.subarray(at, at + into.length));
  return into.length;
}
