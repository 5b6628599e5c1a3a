import type { ByteSource } from "./byte_source.ts";
import type { PieceDecoder } from "./piece_decoder.ts";

/** What a format decompresses with. */
export interface UnpackContext {
  readonly bytes: ByteSource;
  /** Gives back a decoder that is closed when the input is; it may be closed before. */
  hold(decoder: PieceDecoder): PieceDecoder;
  /** Told where each gzip member begins, in bytes of the file, before its data is given. */
  readonly onMember?: ((offset: number) => void) | undefined;
}

/** Decompresses all of an input, from its first byte on; reads no more than it was asked for. */
export type Unpack = (context: UnpackContext) => AsyncGenerator<Uint8Array, undefined>;
