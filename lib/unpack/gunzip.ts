/**
 * Decompresses gzip (RFC 1952).
 *
 * Members are taken apart here and only their data is left to `node:zlib`: a gunzip of its own
 * drops what it decoded in the same call in which it finds a fault, a wrong checksum at the end
 * too. `DecompressionStream` also refuses a file of several members, which RFC 1952 §2.2 allows
 * and log rotation makes.
 *
 * @module
 */
import { crc32, inflateRawSync } from "node:zlib";
import type { ByteSource } from "./byte_source.ts";
import { GZIP_MAGIC } from "./magic.ts";
import { inflate } from "./inflate.ts";
import { UnpackError } from "./unpack_error.ts";
import type { UnpackContext } from "./unpack_context.ts";

const DEFLATE = 8;
/** Bytes of a head without optional parts, and of what stands behind the data. */
const HEAD_BYTES = 10;
const TRAILER_BYTES = 8;
/** The most that a member holds that is decompressed at once. */
const MAX_SMALL_BYTES = 256 * 1024;
/** Flags of a head (RFC 1952 §2.3.1): which parts follow, and what may not be set. */
const HAS_CHECKSUM = 0x02;
const HAS_EXTRA = 0x04;
const HAS_NAME = 0x08;
const HAS_COMMENT = 0x10;
const RESERVED = 0xe0;

/** @throws {UnpackError} If it is damaged, cut short, or followed by something else. */
export async function* unpack(context: UnpackContext): AsyncGenerator<Uint8Array, undefined> {
  const { bytes } = context;
  do {
    context.onMember?.(bytes.taken);
    // A file of many small members, such as a WARC, takes less than half the time so.
    const small = readSmall(await bytes.piece());
    if (small !== undefined) {
      bytes.take(small.taken);
      if (small.data.length > 0) yield small.data;
      if (bytes.isClosed) return;
      continue;
    }
    await skipHead(bytes);
    let crc = 0;
    let size = 0;
    for await (const data of inflate(context, "gzip")) {
      crc = crc32(data, crc);
      size = (size + data.length) % 2 ** 32;
      yield data;
    }
    if (bytes.isClosed) return;
    if (await bytes.number(4) !== crc || await bytes.number(4) !== size) {
      throw new UnpackError(
        "the gzip checksum is wrong, so some of the lines may be damaged: make the file again",
        true,
      );
    }
  } while (await hasMember(bytes));
}

/**
 * Decompresses a member that is whole in a piece.
 *
 * @returns undefined if it is not whole there, is damaged, holds too much, or has an optional part
 */
function readSmall(piece: Uint8Array): { data: Uint8Array; taken: number } | undefined {
  if (piece.length < HEAD_BYTES + TRAILER_BYTES || piece[2] !== DEFLATE || piece[3] !== 0) {
    return undefined;
  }
  try {
    const options = { info: true, maxOutputLength: MAX_SMALL_BYTES };
    // The types do not tell what it gives with `info`.
    const { buffer, engine } = inflateRawSync(piece.subarray(HEAD_BYTES), options) as unknown as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
    const end = HEAD_BYTES + engine.bytesWritten;
    if (piece.length < end + TRAILER_BYTES) return undefined;
    const trailer = new DataView(piece.buffer, piece.byteOffset + end, TRAILER_BYTES);
    const isWhole = trailer.getUint32(0, true) === crc32(buffer) &&
      trailer.getUint32(4, true) === buffer.length;
    return isWhole ? { data: buffer, taken: end + TRAILER_BYTES } : undefined;
  } catch {
    return undefined;
  }
}

/** Skips the head of a member (RFC 1952 §2.3). */
async function skipHead(bytes: ByteSource): Promise<void> {
  await bytes.skip(GZIP_MAGIC.length);
  const method = await bytes.byte();
  const flags = await bytes.byte();
  if (method !== DEFLATE || (flags & RESERVED) !== 0) {
    throw new UnpackError("its gzip head is of an unknown kind: compress the file again");
  }
  // Time, level and system.
  await bytes.skip(6);
  if (flags & HAS_EXTRA) await bytes.skip(await bytes.number(2));
  if (flags & HAS_NAME) { while (await bytes.byte() !== 0); }
  if (flags & HAS_COMMENT) { while (await bytes.byte() !== 0); }
  if (flags & HAS_CHECKSUM) await bytes.skip(2);
}

/**
 * Whether another member follows. Zeros at the end are padding, as gzip itself takes them.
 *
 * @throws {UnpackError} If something else follows.
 */
async function hasMember(bytes: ByteSource): Promise<boolean> {
  let isPadded = false;
  while (await bytes.fill()) {
    const [first] = await bytes.piece();
    if (first !== 0) {
      if (!isPadded && await bytes.startsWith(GZIP_MAGIC)) return true;
      throw new UnpackError("something that is not gzip follows its gzip data: remove that", true);
    }
    isPadded = true;
    bytes.take(1);
  }
  return false;
}
