/**
 * Decompresses bzip2. Neither the runtime nor a library that is kept reads it as a stream. There is no
 * standard: the names are those of its reference implementation.
 *
 * @module
 */
import { BitReader } from "./bit_reader.ts";
import { UnpackError } from "./unpack_error.ts";
import type { UnpackContext } from "./unpack_context.ts";

/** How much is given at once. */
const CHUNK_BYTES = 64 * 1024;
/** What the level of a file stands for: bytes of a block, at most nine times as many. */
const LEVEL_BYTES = 100_000;

/** What begins a block and the end, 48 bits each: the digits of pi and of its square root. */
const BLOCK = [0x314159, 0x265359];
const END = [0x177245, 0x385090];

const MAX_CODE_LENGTH = 20;
/** Symbols after which the next table may be used. */
const GROUP_LENGTH = 50;
const RUN_B = 1;

function fail(): never {
  throw new UnpackError("its bzip2 data is damaged: make the file again");
}

/** @throws {UnpackError} If it is damaged, cut short, or followed by something else. */
export async function* unpack({ bytes }: UnpackContext): AsyncGenerator<Uint8Array, undefined> {
  const bits = new BitReader(bytes);
  for (let isFirst = true; isFirst || !await bits.isAtEnd(); isFirst = false) {
    const magic = await bits.read(24);
    const level = await bits.read(8) - 0x30;
    if (magic !== 0x425a68 || level < 1 || level > 9) {
      if (isFirst) fail();
      throw new UnpackError(
        "something that is not bzip2 follows its bzip2 data: remove that",
        true,
      );
    }
    yield* decodeStream(bits, level * LEVEL_BYTES);
  }
}

async function* decodeStream(bits: BitReader, size: number): AsyncGenerator<Uint8Array, void> {
  /** A byte of a block in the lowest 8 bits, and above them which of its bytes comes next. */
  const block = new Uint32Array(size);
  let all = 0;
  for (;;) {
    const magic = [await bits.read(24), await bits.read(24)];
    const isBlock = magic.every((part, k) => part === BLOCK[k]);
    if (!isBlock && !magic.every((part, k) => part === END[k])) fail();
    const expected = (await bits.read(16) << 16 | await bits.read(16)) >>> 0;
    if (!isBlock) {
      if (expected !== all) refuseChecksum(true);
      bits.align();
      return;
    }
    const crc = yield* decodeBlock(bits, block);
    if (crc !== expected) refuseChecksum(false);
    all = ((all << 1 | all >>> 31) ^ crc) >>> 0;
  }
}

function refuseChecksum(isDataWhole: boolean): never {
  throw new UnpackError(
    "the bzip2 checksum is wrong, so some of the lines may be damaged: make the file again",
    isDataWhole,
  );
}

/** Gives the data of a block. @returns its checksum */
async function* decodeBlock(
  bits: BitReader,
  block: Uint32Array,
): AsyncGenerator<Uint8Array, number> {
  // Only releases before 1995 wrote blocks of another order.
  if (await bits.read(1) === 1) fail();
  const origin = await bits.read(24);
  const symbols = await readSymbols(bits);
  const { tables, selectors } = await readTables(bits, symbols.length + 2);
  const length = await readBytes(bits, { block, symbols, tables, selectors });
  if (origin >= length) fail();
  return yield* restore(block, length, origin);
}

/** The bytes that the block has. */
async function readSymbols(bits: BitReader): Promise<number[]> {
  const symbols = [];
  const ranges = await bits.read(16);
  for (let range = 0; range < 16; range++) {
    if ((ranges >> 15 - range & 1) === 0) continue;
    const used = await bits.read(16);
    for (let k = 0; k < 16; k++) if ((used >> 15 - k & 1) === 1) symbols.push(16 * range + k);
  }
  return symbols.length === 0 ? fail() : symbols;
}

/** A table of codes, by their lengths. */
interface Table {
  /** By the length of a code: the largest one of that length, -1 without one. */
  readonly limits: Int32Array;
  /** By the length: what to subtract from a code for its place in the symbols. */
  readonly bases: Int32Array;
  /** By code. */
  readonly symbols: readonly number[];
}

async function readTables(
  bits: BitReader,
  count: number,
): Promise<{ tables: readonly Table[]; selectors: Uint8Array }> {
  const tableCount = await bits.read(3);
  const selectorCount = await bits.read(15);
  if (tableCount < 2 || tableCount > 6 || selectorCount === 0) fail();
  const selectors = new Uint8Array(selectorCount);
  const recent = Array.from({ length: tableCount }, (_, k) => k);
  for (let k = 0; k < selectorCount; k++) {
    let place = 0;
    while (await bits.read(1) === 1) if (++place >= tableCount) fail();
    const [table] = recent.splice(place, 1);
    recent.unshift(table);
    selectors[k] = table;
  }
  const tables = [];
  for (let k = 0; k < tableCount; k++) tables.push(await readTable(bits, count));
  return { tables, selectors };
}

async function readTable(bits: BitReader, count: number): Promise<Table> {
  const lengths = [];
  let length = await bits.read(5);
  for (let k = 0; k < count; k++) {
    while (await bits.read(1) === 1) length += await bits.read(1) === 0 ? 1 : -1;
    if (length < 1 || length > MAX_CODE_LENGTH) fail();
    lengths.push(length);
  }
  const limits = new Int32Array(MAX_CODE_LENGTH + 1).fill(-1);
  const bases = new Int32Array(MAX_CODE_LENGTH + 1);
  const symbols: number[] = [];
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    const first = symbols.length;
    for (let k = 0; k < count; k++) if (lengths[k] === length) symbols.push(k);
    bases[length] = code - first;
    code += symbols.length - first;
    if (symbols.length > first) limits[length] = code - 1;
    code <<= 1;
  }
  return { limits, bases, symbols };
}

/** How a block is coded. */
interface Coding {
  readonly block: Uint32Array;
  readonly symbols: number[];
  readonly tables: readonly Table[];
  readonly selectors: Uint8Array;
}

/** Reads the bytes of a block in their sorted order. @returns how many */
async function readBytes(
  bits: BitReader,
  { block, symbols: recent, tables, selectors }: Coding,
): Promise<number> {
  const end = recent.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let group = 0; group < selectors.length; group++) {
    const table = tables[selectors[group]];
    for (let k = 0; k < GROUP_LENGTH; k++) {
      while (!bits.has(MAX_CODE_LENGTH)) await bits.readAhead();
      const symbol = readSymbol(bits, table);
      if (symbol <= RUN_B) {
        run += weight << symbol;
        weight *= 2;
        if (run > block.length) fail();
        continue;
      }
      if (run > 0) {
        if (length + run > block.length) fail();
        block.fill(recent[0], length, length += run);
        run = 0;
        weight = 1;
      }
      if (symbol === end) return length;
      if (length === block.length) fail();
      const byte = recent[symbol - 1];
      recent.copyWithin(1, 0, symbol - 1);
      recent[0] = byte;
      block[length++] = byte;
    }
  }
  return fail();
}

function readSymbol(bits: BitReader, { limits, bases, symbols }: Table): number {
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    code = code << 1 | bits.take(1);
    if (code <= limits[length] && limits[length] >= 0) return symbols[code - bases[length]];
  }
  return fail();
}

/** Puts the bytes of a block in their order, and repeats what was shortened. @returns the checksum */
function* restore(
  block: Uint32Array,
  length: number,
  origin: number,
): Generator<Uint8Array, number> {
  const starts = new Uint32Array(257);
  for (let k = 0; k < length; k++) starts[block[k] + 1]++;
  for (let byte = 1; byte < 257; byte++) starts[byte] += starts[byte - 1];
  for (let k = 0; k < length; k++) block[starts[block[k] & 0xff]++] |= k << 8;
  let crc = 0xffffffff;
  let chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  let at = block[origin] >>> 8;
  let before = -1;
  let same = 0;
  for (let k = 0; k < length; k++) {
    const entry = block[at];
    at = entry >>> 8;
    const byte = entry & 0xff;
    let count = 1;
    // Behind four equal bytes stands how often the byte follows.
    if (same === 4) {
      count = byte;
      same = 0;
    } else {
      same = byte === before ? same + 1 : 1;
      before = byte;
    }
    for (; count > 0; count--) {
      chunk[filled++] = before;
      crc = crc << 8 ^ CRC_TABLE[crc >>> 24 ^ before];
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      chunk = new Uint8Array(CHUNK_BYTES);
      filled = 0;
    }
    if (same === 0) before = -1;
  }
  if (filled > 0) yield chunk.subarray(0, filled);
  return ~crc >>> 0;
}

/** Of the checksum with the highest bit first; that of gzip begins with the lowest. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value << 1 ^ (value < 0 ? 0x04c11db7 : 0);
  return value;
});
