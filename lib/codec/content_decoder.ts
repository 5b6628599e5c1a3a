import { type Decoder, type Take, TooLongError } from "./decoder.ts";

/** What becomes of a body. */
export interface ContentOptions {
  /** The maximum number of bytes that come out of each coding, from 0. */
  readonly maxBytes: number;
  /** Gets what is decoded. */
  readonly take: Take;
}

/** Decodes a body that has one or more codings. */
export class ContentDecoder {
  readonly #decoders: readonly Decoder[];
  /** What takes the bytes that each decoder gives. */
  readonly #takes: readonly Take[];
  readonly #release: (isWhole: boolean) => void;
  #isWhole = false;

  /**
   * @param decoders from the outermost coding to the innermost, at least one
   * @param release takes the decoders back, and whether they have decoded a whole body
   */
  constructor(
    decoders: readonly Decoder[],
    { maxBytes, take }: ContentOptions,
    release: (isWhole: boolean) => void,
  ) {
    this.#decoders = decoders;
    this.#release = release;
    this.#takes = decoders.map((_, k) => {
      const inner = decoders[k + 1];
      let left = maxBytes;
      return (bytes) => {
        // Between two codings, too: what unpacks to nothing in the end can be long there.
        if ((left -= bytes.length) < 0) throw new TooLongError();
        if (inner === undefined) take(bytes);
        else inner.write(bytes, k + 1, this.#takes[k + 1]);
      };
    });
  }

  /**
   * @throws {DecodingError} If the bytes are damaged, or follow the end.
   * @throws {TooLongError} If they unpack to too many bytes; and what `take` throws.
   */
  write(bytes: Uint8Array): void {
    this.#decoders[0].write(bytes, 0, this.#takes[0]);
  }

  /** @throws {DecodingError} If something is missing. */
  end(): void {
    for (const decoder of this.#decoders) decoder.end();
    this.#isWhole = true;
  }

  /** Gives back what decodes. Nothing else is called after that. */
  close(): void {
    this.#release(this.#isWhole);
  }
}
