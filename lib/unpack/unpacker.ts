import { ByteSource, type ReadBlock } from "./byte_source.ts";
import { type CompressionName, COMPRESSIONS } from "./compressions.ts";
import type { PieceDecoder } from "./piece_decoder.ts";
import type { Unpack, UnpackContext } from "./unpack_context.ts";

/**
 * Decompresses an input, a piece at a time: the next one is read only when all that the last one
 * held was taken, so what a bomb unpacks to is never held. All that can be decoded before a fault is
 * given before the fault is told. The decoders of `lib/codec/` do neither: a response is short, comes
 * by itself, and is of no use if it is damaged.
 */
export class Unpacker {
  readonly #bytes: ByteSource;
  readonly #data: AsyncGenerator<Uint8Array, undefined>;
  /** Those that may be open: few, since a format has one or two at once. */
  #decoders: PieceDecoder[] = [];

  /** @param onMember told where each gzip member begins, in bytes of the file */
  static async open(
    name: CompressionName,
    readBlock: ReadBlock,
    onMember?: UnpackContext["onMember"],
  ): Promise<Unpacker> {
    // Loaded only where it is needed.
    const { unpack } = await COMPRESSIONS[name].load();
    return new Unpacker(unpack, new ByteSource(readBlock, name), onMember);
  }

  private constructor(unpack: Unpack, bytes: ByteSource, onMember: UnpackContext["onMember"]) {
    this.#bytes = bytes;
    this.#data = unpack({
      bytes,
      onMember,
      hold: (decoder) => {
        this.#decoders = [...this.#decoders.filter(({ isClosed }) => !isClosed), decoder];
        return decoder;
      },
    });
  }

  /**
   * The next bytes; undefined at the end.
   *
   * @throws {UnpackError} If it is not of its format, damaged, cut short, or followed by something else.
   */
  async read(): Promise<Uint8Array | undefined> {
    return (await this.#data.next()).value;
  }

  close(): void {
    this.#bytes.isClosed = true;
    for (const decoder of this.#decoders) decoder.close();
  }
}
