import type { Transform } from "node:stream";

/** A stream of `node:zlib`. */
interface ZlibStream extends Transform {
  /** How many bytes it has taken, without those behind the data's end. */
  readonly bytesWritten: number;
}

/** Decompresses pieces, one after the other: everything of one is read before the next is written. */
export class PieceDecoder {
  readonly #stream: ZlibStream;
  /** Whether it has not taken all that was written yet. */
  #isBusy = false;
  /** Whether the stream has told all that it has to, its fault too. */
  #hasClosed = false;
  isAtEnd = false;
  isClosed = false;
  failure: Error | undefined;
  #wake = (): void => {};

  constructor(stream: ZlibStream) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.isAtEnd = true;
      this.#wake();
    });
    stream.on("error", (error: Error) => {
      this.failure = error;
      this.#wake();
    });
    stream.on("close", () => {
      this.#hasClosed = true;
      this.#wake();
    });
  }

  /** How many bytes it has taken, without those behind the data's end. */
  get taken(): number {
    return this.#stream.bytesWritten;
  }

  /** Writes bytes, of which everything was read that came before. */
  write(bytes: Uint8Array): void {
    this.#isBusy = true;
    this.#stream.write(bytes, () => {
      this.#isBusy = false;
      this.#wake();
    });
  }

  /** The next bytes; undefined once all that was written is taken, at the end, and at a fault. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes = this.#stream.read() as Uint8Array | null;
      if (bytes !== null) return bytes;
      if (!this.#isBusy || this.isAtEnd || this.#hasClosed) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  close(): void {
    this.isClosed = true;
    this.#stream.destroy();
  }
}
