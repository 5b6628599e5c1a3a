/**
 * Decompresses a zip that holds one file, from its beginning to its end (PKWARE's APPNOTE).
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { ByteSource } from "./byte_source.ts";
import { inflate } from "./inflate.ts";
import { UnpackError } from "./unpack_error.ts";
import type { UnpackContext } from "./unpack_context.ts";

/** What begins a file in it, and what follows the data of one; its other parts come behind all files. */
const FILE = 0x04034b50;
const DESCRIPTOR = [0x50, 0x4b, 0x07, 0x08];

const STORED = 0;
const DEFLATED = 8;
/** Flags of a file (§4.4.4). */
const IS_ENCRYPTED = 0x01;
const HAS_DESCRIPTOR = 0x08;
/** The field that has sizes of more than 4 GiB (§4.5.3), and what stands in their place. */
const ZIP64 = 0x0001;
const IN_ZIP64 = 0xffffffff;
/** The maximum number of files that are skipped: what macOS adds to a file. */
const MAX_SKIPPED = 1_000;

/** What the head of a file in it says (§4.3.7). */
interface Head {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  /** In bytes, compressed; it is 0 where a descriptor behind the data has it. */
  readonly size: number;
  readonly isZip64: boolean;
}

/** @throws {UnpackError} If it is damaged, cut short, holds several files, or cannot be read here. */
export async function* unpack(context: UnpackContext): AsyncGenerator<Uint8Array, undefined> {
  const { bytes } = context;
  let isFound = false;
  for (let skipped = 0; await bytes.number(4) === FILE;) {
    const head = await readHead(bytes);
    const isWanted = !/\/$|^__MACOSX\//.test(head.name);
    if (isWanted ? isFound : ++skipped > MAX_SKIPPED) {
      throw new UnpackError("the zip holds several files: unpack it, and name each", true);
    }
    if (isWanted) isFound = true;
    for await (const data of read(context, head)) if (isWanted) yield data;
    if (bytes.isClosed) return;
  }
}

async function readHead(bytes: ByteSource): Promise<Head> {
  const view = new DataView((await bytes.copy(26)).buffer);
  const flags = view.getUint16(2, true);
  const method = view.getUint16(4, true);
  const name = new TextDecoder().decode(await bytes.copy(view.getUint16(22, true)));
  const extra = new DataView((await bytes.copy(view.getUint16(24, true))).buffer);
  const zip64 = findZip64(extra);
  const size = view.getUint32(14, true);
  // There, the size before compression comes first.
  const isIn64 = size === IN_ZIP64 && zip64 !== undefined && zip64 + 16 <= extra.byteLength;
  return {
    name,
    flags,
    method,
    crc: view.getUint32(10, true),
    size: isIn64 ? Number(extra.getBigUint64(zip64 + 8, true)) : size,
    isZip64: zip64 !== undefined,
  };
}

/** Where the data of the ZIP64 field begins; undefined without one. */
function findZip64(extra: DataView): number | undefined {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) === ZIP64) return at + 4;
  }
  return undefined;
}

/** The data of a file. */
async function* read(
  context: UnpackContext,
  { flags, method, crc, size, isZip64 }: Head,
): AsyncGenerator<Uint8Array, void> {
  const { bytes } = context;
  const hasDescriptor = (flags & HAS_DESCRIPTOR) !== 0;
  if ((flags & IS_ENCRYPTED) !== 0) {
    throw new UnpackError("the zip is encrypted: unpack it");
  }
  if (method !== DEFLATED && (method !== STORED || hasDescriptor)) {
    throw new UnpackError("the zip has a compression that is not read here: unpack it");
  }
  let sum = 0;
  const data = method === DEFLATED ? inflate(context, "zip") : readStored(bytes, size);
  for await (const piece of data) {
    sum = crc32(piece, sum);
    yield piece;
  }
  if (bytes.isClosed) return;
  let expected = crc;
  if (hasDescriptor) {
    if (await bytes.startsWith(DESCRIPTOR)) await bytes.skip(4);
    expected = await bytes.number(4);
    await bytes.skip(isZip64 ? 16 : 8);
  }
  if (sum !== expected) {
    throw new UnpackError(
      "the checksum of the zip is wrong, so some of the lines may be damaged: make the file again",
      true,
    );
  }
}

async function* readStored(bytes: ByteSource, size: number): AsyncGenerator<Uint8Array, void> {
  for (let left = size; left > 0;) {
    const piece = (await bytes.piece()).slice(0, left);
    bytes.take(piece.length);
    left -= piece.length;
    yield piece;
  }
}
