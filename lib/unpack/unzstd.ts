/**
 * Decompresses Zstandard (RFC 8878).
 *
 * Frames are taken apart here, as far as it takes to find where each block ends. The decoder of
 * `node:zlib` drops all frames but the first (`findings/deno_zstd_frames.sh`), and takes a frame that
 * is cut short for a whole one. It is given one block at a time, and room for all that a block can
 * hold: a fault that it finds later than in its first step ends the process (Deno 2.9).
 *
 * @module
 */
import { createZstdDecompress } from "node:zlib";
import type { ByteSource } from "./byte_source.ts";
import { PieceDecoder } from "./piece_decoder.ts";
import { UnpackError } from "./unpack_error.ts";
import type { UnpackContext } from "./unpack_context.ts";

const MAGIC = 0xfd2fb528;
/** Frames that are skipped: 16 numbers (§3.1.2). */
const SKIPPED_MAGIC = 0x184d2a50;
/** The maximum number of bytes that a block holds (§3.1.1.2.4), unpacked or not. */
const MAX_BLOCK_BYTES = 128 * 1024;
/** The maximum window: as much as `zstd` itself decompresses without `--long=31`. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
/** The types of blocks (§3.1.1.2.2). */
const RLE = 1;
const RESERVED = 3;

/** @throws {UnpackError} If it is damaged, cut short, or followed by something else. */
export async function* unpack(context: UnpackContext): AsyncGenerator<Uint8Array, undefined> {
  const { bytes } = context;
  for (let isFirst = true; await bytes.fill(); isFirst = false) {
    const magic = await bytes.copy(4);
    const number = new DataView(magic.buffer).getUint32(0, true);
    if (number - number % 16 === SKIPPED_MAGIC) {
      await bytes.skip(await bytes.number(4));
    } else if (number === MAGIC) {
      yield* decode(context, magic);
      if (bytes.isClosed) return;
    } else {
      throw new UnpackError(
        isFirst
          ? "it begins as zstd does, and goes on as something else: make the file again"
          : "something that is not zstd follows its zstd data: remove that",
        true,
      );
    }
  }
}

/** The data of a frame. */
async function* decode(
  { bytes, hold }: UnpackContext,
  magic: Uint8Array,
): AsyncGenerator<Uint8Array, void> {
  const { head, hasChecksum } = await readHead(bytes);
  const decoder = hold(
    new PieceDecoder(createZstdDecompress({ chunkSize: 2 * MAX_BLOCK_BYTES })),
  );
  const give = async function* (piece: Uint8Array): AsyncGenerator<Uint8Array, void> {
    decoder.write(piece);
    for (let data; (data = await decoder.read()) !== undefined;) yield data;
    if (decoder.failure === undefined || bytes.isClosed) return;
    throw new UnpackError(
      `its zstd data is damaged (${decoder.failure.message}): make the file again`,
    );
  };
  yield* give(magic);
  yield* give(head);
  for (let isLast = false; !isLast;) {
    const start = await bytes.copy(3);
    const number = start[0] + 256 * start[1] + 65_536 * start[2];
    isLast = (number & 1) === 1;
    const type = number >> 1 & 3;
    const size = number >> 3;
    if (type === RESERVED || size > MAX_BLOCK_BYTES) {
      throw new UnpackError("its zstd data is damaged (a block is too long): make the file again");
    }
    const block = new Uint8Array(3 + (type === RLE ? 1 : size));
    block.set(start);
    block.set(await bytes.copy(block.length - 3), 3);
    yield* give(block);
    if (bytes.isClosed) return;
  }
  if (hasChecksum) yield* give(await bytes.copy(4));
  decoder.close();
}

/** Reads the head of a frame (§3.1.1.1). */
async function readHead(
  bytes: ByteSource,
): Promise<{ head: Uint8Array; hasChecksum: boolean }> {
  const descriptor = await bytes.byte();
  const isSingle = (descriptor >> 5 & 1) === 1;
  const ofSize = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const ofDictionary = [0, 1, 2, 4][descriptor & 3];
  const rest = await bytes.copy((isSingle ? 0 : 1) + ofDictionary + ofSize);
  let window;
  if (isSingle) {
    const size = rest.subarray(ofDictionary);
    window = size.reduce((sum, byte, k) => sum + byte * 256 ** k, ofSize === 2 ? 256 : 0);
  } else {
    const base = 2 ** (10 + (rest[0] >> 3));
    window = base + base / 8 * (rest[0] & 7);
  }
  if (window > MAX_WINDOW_BYTES) {
    throw new UnpackError(
      "its zstd data takes more than 128 MiB of memory: compress it again without --long=31",
    );
  }
  if (rest.subarray(isSingle ? 0 : 1, (isSingle ? 0 : 1) + ofDictionary).some((byte) => byte > 0)) {
    throw new UnpackError("its zstd data needs a dictionary: compress it again without one");
  }
  const head = new Uint8Array(1 + rest.length);
  head[0] = descriptor;
  head.set(rest, 1);
  return { head, hasChecksum: (descriptor >> 2 & 1) === 1 };
}
