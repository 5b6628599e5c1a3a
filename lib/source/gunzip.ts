import type { InflateRaw } from "node:zlib";

/** How much is decompressed at once: bytes that go in, and that come out. */
const PIECE_BYTES = 8 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** The two bytes that gzip begins with (RFC 1952 §2.3.1). */
export const GZIP_MAGIC: readonly number[] = [0x1f, 0x8b];

const DEFLATE = 8;
/** Flags of a head (RFC 1952 §2.3.1): which parts follow, and what may not be set. */
const HAS_CHECKSUM = 0x02;
const HAS_EXTRA = 0x04;
const HAS_NAME = 0x08;
const HAS_COMMENT = 0x10;
const RESERVED = 0xe0;

/** Gzip that is damaged, cut short, or followed by other data; the message says how to fix it. */
export class GzipError extends Error {
  override name = "GzipError";
  /** Whether its data was given to the end, so that a last line without its end is a line. */
  readonly isDataWhole: boolean;

  constructor(message: string, isDataWhole = false) {
    super(message);
    this.isDataWhole = isDataWhole;
  }
}

/**
 * Decompresses gzip, a piece at a time: the next one is read only when all that the last one held
 * was taken, so what a bomb unpacks to is never held. All that can be decoded before a fault is
 * given before the fault is told.
 *
 * Members are taken apart here and only their data is left to `node:zlib`: a gunzip of its own
 * drops what it decoded in the same call in which it finds a fault, a wrong checksum at the end
 * too. `DecompressionStream` also refuses a file of several members, which RFC 1952 §2.2 allows
 * and log rotation makes.
 */
export class Gunzip {
  readonly #zlib: typeof import("node:zlib");
  readonly #readBlock: () => Promise<Uint8Array | undefined>;
  readonly #data: AsyncGenerator<Uint8Array, undefined>;
  /** What is read and not decompressed yet. */
  #bytes: Uint8Array = new Uint8Array();
  /** What decompresses the member at hand. */
  #inflaters: readonly Inflater[] = [];
  #isClosed = false;

  /**
   * @param readBlock gives blocks that stay as they are until the next one is asked for, and
   * undefined at the end
   */
  static async open(readBlock: () => Promise<Uint8Array | undefined>): Promise<Gunzip> {
    // Loaded only where it is needed.
    return new Gunzip(await import("node:zlib"), readBlock);
  }

  private constructor(
    zlib: typeof import("node:zlib"),
    readBlock: () => Promise<Uint8Array | undefined>,
  ) {
    this.#zlib = zlib;
    this.#readBlock = readBlock;
    this.#data = this.#members();
  }

  /**
   * The next bytes; undefined at the end.
   *
   * @throws {GzipError} If it is not gzip, damaged, cut short, or followed by something else.
   */
  async read(): Promise<Uint8Array | undefined> {
    return (await this.#data.next()).value;
  }

  async *#members(): AsyncGenerator<Uint8Array, undefined> {
    do {
      await this.#skipHead();
      let crc = 0;
      let size = 0;
      for await (const bytes of this.#inflated()) {
        crc = this.#zlib.crc32(bytes, crc);
        size = (size + bytes.length) % 2 ** 32;
        yield bytes;
      }
      if (this.#isClosed) return;
      if (await this.#number() !== crc || await this.#number() !== size) {
        throw new GzipError(
          "the gzip checksum is wrong, so some of the lines may be damaged: make the file again",
          true,
        );
      }
    } while (await this.#hasMember());
  }

  /** The data of the member at hand. */
  async *#inflated(): AsyncGenerator<Uint8Array, undefined> {
    const create = (): Inflater =>
      new Inflater(this.#zlib.createInflateRaw({ chunkSize: CHUNK_BYTES }));
    // One goes ahead, and what it gives is dropped. Where it finds a fault, the other gives what
    // stands before that, since it is led there byte by byte.
    const scout = create();
    const inflater = create();
    this.#inflaters = [scout, inflater];
    while (!inflater.isAtEnd) {
      const piece = await this.#piece();
      scout.write(piece);
      while (await scout.read() !== undefined);
      const step = scout.failure === undefined ? piece.length : 1;
      const before = inflater.taken;
      for (let at = 0; at < piece.length && !inflater.isAtEnd; at += step) {
        inflater.write(piece.subarray(at, at + step));
        for (let bytes; (bytes = await inflater.read()) !== undefined;) yield bytes;
        if (this.#isClosed) return;
        if (inflater.failure !== undefined) {
          throw new GzipError(
            `its gzip data is damaged (${inflater.failure.message}): make the file again`,
          );
        }
      }
      this.#bytes = this.#bytes.subarray(inflater.taken - before);
    }
    for (const each of this.#inflaters) each.close();
  }

  /** Skips the head of a member (RFC 1952 §2.3). */
  async #skipHead(): Promise<void> {
    await this.#skip(GZIP_MAGIC.length);
    const method = await this.#byte();
    const flags = await this.#byte();
    if (method !== DEFLATE || (flags & RESERVED) !== 0) {
      throw new GzipError("its gzip head is of an unknown kind: compress the file again");
    }
    // Time, level and system.
    await this.#skip(6);
    if (flags & HAS_EXTRA) await this.#skip(await this.#byte() + 256 * await this.#byte());
    if (flags & HAS_NAME) { while (await this.#byte() !== 0); }
    if (flags & HAS_COMMENT) { while (await this.#byte() !== 0); }
    if (flags & HAS_CHECKSUM) await this.#skip(2);
  }

  /**
   * Whether another member follows. Zeros at the end are padding, as gzip itself takes them.
   *
   * @throws {GzipError} If something else follows.
   */
  async #hasMember(): Promise<boolean> {
    let isPadded = false;
    while (await this.#fill()) {
      if (this.#bytes[0] !== 0) {
        if (!isPadded && await this.#beginsMember()) return true;
        throw new GzipError("something that is not gzip follows its gzip data: remove that", true);
      }
      isPadded = true;
      this.#bytes = this.#bytes.subarray(1);
    }
    return false;
  }

  async #beginsMember(): Promise<boolean> {
    // A copy, since the next block is read into the same place.
    const first = this.#bytes.slice(0, 1);
    if (this.#bytes.length === 1) {
      this.#bytes = new Uint8Array();
      await this.#fill();
      this.#bytes = new Uint8Array([...first, ...this.#bytes]);
    }
    return GZIP_MAGIC.every((byte, k) => this.#bytes[k] === byte);
  }

  /** A number of four bytes, the lowest first. */
  async #number(): Promise<number> {
    let number = 0;
    for (let k = 0; k < 4; k++) number += await this.#byte() * 256 ** k;
    return number;
  }

  async #skip(count: number): Promise<void> {
    for (let k = 0; k < count; k++) await this.#byte();
  }

  async #byte(): Promise<number> {
    const [byte] = await this.#piece();
    this.#bytes = this.#bytes.subarray(1);
    return byte;
  }

  /** What comes next, at least a byte, which is not taken by that. */
  async #piece(): Promise<Uint8Array> {
    if (!await this.#fill()) {
      throw new GzipError("the input broke off (its gzip data is cut short): make it whole");
    }
    return this.#bytes.subarray(0, PIECE_BYTES);
  }

  /** Reads a block where nothing is at hand. @returns false at the end */
  async #fill(): Promise<boolean> {
    while (this.#bytes.length === 0) {
      const block = await this.#readBlock();
      if (block === undefined) return false;
      this.#bytes = block;
    }
    return true;
  }

  close(): void {
    this.#isClosed = true;
    for (const each of this.#inflaters) each.close();
  }
}

/** Decompresses the data of one member. */
class Inflater {
  readonly #stream: InflateRaw;
  /** Whether it has not taken all that was written yet. */
  #isBusy = false;
  isAtEnd = false;
  failure: Error | undefined;
  #wake = (): void => {};

  constructor(stream: InflateRaw) {
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
    stream.on("close", () => this.#wake());
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
      if (!this.#isBusy || this.isAtEnd || this.#stream.destroyed) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  close(): void {
    this.#stream.destroy();
  }
}
