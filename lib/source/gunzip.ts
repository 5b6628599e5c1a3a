import type { Gunzip as Stream } from "node:zlib";

/** How much is decompressed at once, in octets. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Decompresses gzip, a block at a time: the next one is read only when all that the last one held
 * was taken, so what a bomb unpacks to is never held, and all that stands before a fault is given.
 *
 * By `node:zlib`, since `DecompressionStream` refuses a file of several members, which RFC 1952
 * §2.2 allows and log rotation makes.
 */
export class Gunzip {
  readonly #stream: Stream;
  readonly #readBlock: () => Promise<Uint8Array | undefined>;
  /** Whether the last block was not taken in whole yet. */
  #isBusy = false;
  #isAtEnd = false;
  #failure: Error | undefined;
  #wake = (): void => {};

  /** @param readBlock gives blocks that stay as they are, and undefined at the end */
  static async open(readBlock: () => Promise<Uint8Array | undefined>): Promise<Gunzip> {
    // Loaded only where it is needed.
    const { createGunzip } = await import("node:zlib");
    return new Gunzip(createGunzip({ chunkSize: CHUNK_BYTES }), readBlock);
  }

  private constructor(stream: Stream, readBlock: () => Promise<Uint8Array | undefined>) {
    this.#stream = stream;
    this.#readBlock = readBlock;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.#isAtEnd = true;
      this.#wake();
    });
    stream.on("error", (error: Error) => {
      this.#failure = error;
      this.#wake();
    });
    stream.on("close", () => this.#wake());
  }

  /**
   * The next octets; undefined at the end.
   *
   * @throws {Error} If it is no gzip, or cut short.
   */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const octets = this.#stream.read() as Uint8Array | null;
      if (octets !== null) return octets;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isAtEnd || this.#stream.destroyed) return undefined;
      if (this.#isBusy) await new Promise<void>((resolve) => this.#wake = resolve);
      else this.#write(await this.#readBlock());
    }
  }

  #write(block: Uint8Array | undefined): void {
    this.#isBusy = true;
    if (block === undefined) this.#stream.end();
    else {
      this.#stream.write(block, () => {
        this.#isBusy = false;
        this.#wake();
      });
    }
  }

  close(): void {
    this.#stream.destroy();
  }
}
