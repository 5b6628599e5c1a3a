import { assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { ByteBuffer } from "../../lib/byte_buffer.ts";
import { RecordPacker } from "../../lib/warc/record_packer.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

for (const gzip of [true, false]) {
  const unpack = (bytes: Uint8Array): string => decode(gzip ? gunzipSync(bytes) : bytes);

  Deno.test(`RecordPacker packs records one behind the other (gzip: ${gzip})`, () => {
    const packer = new RecordPacker(gzip);
    const packed = new ByteBuffer();
    const blocks = ["", "a block", "x".repeat(100_000)];
    const ends = blocks.map((block) => {
      packer.pack(`head of ${block.length} ü\r\n\r\n`, encode(block), packed);
      return packed.length;
    });
    packer.close();
    for (const [k, block] of blocks.entries()) {
      const record = packed.view().subarray(ends[k - 1] ?? 0, ends[k]);
      assertEquals(unpack(record), `head of ${block.length} ü\r\n\r\n${block}\r\n\r\n`);
    }
  });

  Deno.test(`RecordPacker packs a block piece by piece as it does at once (gzip: ${gzip})`, () => {
    const packer = new RecordPacker(gzip);
    const block = new ByteBuffer();
    const pieces = ["some bytes ", "of a block ", "", "y".repeat(70_000)].map(encode);
    const crc = pieces.reduce((crc, piece) => packer.packPiece(piece, crc, block), 0);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const packed = new ByteBuffer();
    const before = packer.packBefore("head\r\n\r\n", packed);
    packed.append(block.view());
    packer.packAfter(before, { crc, length }, packed);
    packer.close();
    // The CRC-32 and the length are those of the whole record, or gunzip refuses it.
    assertEquals(unpack(packed.view()), `head\r\n\r\n${pieces.map(decode).join("")}\r\n\r\n`);
  });
}
