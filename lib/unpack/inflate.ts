import { createInflateRaw } from "node:zlib";
import { PieceDecoder } from "./piece_decoder.ts";
import { UnpackError } from "./unpack_error.ts";
import type { UnpackContext } from "./unpack_context.ts";

/** How much comes out at once. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Decompresses deflate (RFC 1951) up to its end, behind which nothing is taken.
 *
 * @param format what the data around it is called, for messages
 * @throws {UnpackError} If it is damaged or cut short.
 */
export async function* inflate(
  { bytes, hold }: UnpackContext,
  format: string,
): AsyncGenerator<Uint8Array, void> {
  const create = (): PieceDecoder =>
    hold(new PieceDecoder(createInflateRaw({ chunkSize: CHUNK_BYTES })));
  // One goes ahead, and what it gives is dropped. Where it finds a fault, the other gives what
  // stands before that, since it is led there byte by byte.
  const scout = create();
  const decoder = create();
  while (!decoder.isAtEnd) {
    const piece = await bytes.piece();
    scout.write(piece);
    while (await scout.read() !== undefined);
    const step = scout.failure === undefined ? piece.length : 1;
    const before = decoder.taken;
    for (let at = 0; at < piece.length && !decoder.isAtEnd; at += step) {
      decoder.write(piece.subarray(at, at + step));
      for (let data; (data = await decoder.read()) !== undefined;) yield data;
      if (bytes.isClosed) return;
      if (decoder.failure !== undefined) {
        throw new UnpackError(
          `its ${format} data is damaged (${decoder.failure.message}): make the file again`,
        );
      }
    }
    bytes.take(decoder.taken - before);
  }
  scout.close();
  decoder.close();
}
