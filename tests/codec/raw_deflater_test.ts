import { assert, assertEquals } from "@std/assert";
import { inflateRawSync } from "node:zlib";
import { boundDeflated, RawDeflater } from "../../lib/codec/raw_deflater.ts";

/** Bytes that nothing makes shorter. */
function drawBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

const SAMPLES = [
  new Uint8Array(0),
  new TextEncoder().encode("a short text"),
  new TextEncoder().encode("a long text, ".repeat(20_000)),
  ...[1, 100, 1_000, 65_535, 65_536, 200_000].map(drawBytes),
  // The literals that have 9 bits in the fixed code.
  drawBytes(50_000).map((byte) => 144 + byte % 112),
];

for (const level of [1, 6]) {
  Deno.test(`RawDeflater deflates what inflate reads, and makes nothing much longer (level ${level})`, () => {
    const deflater = new RawDeflater(level);
    // One behind the other, as pieces of one stream.
    const bound = SAMPLES.reduce((sum, { length }) => sum + boundDeflated(length), 0);
    const stream = new Uint8Array(bound);
    let at = 0;
    for (const sample of SAMPLES) {
      const output = new Uint8Array(3 + boundDeflated(sample.length));
      const end = deflater.deflate(sample, "end", output, 3);
      assertEquals(new Uint8Array(inflateRawSync(output.subarray(3, end))), sample);
      assert(end - 3 <= sample.length + 5 * (1 + sample.length / 65_535), `${sample.length}`);
      at = deflater.deflate(sample, "more", stream, at);
    }
    at = deflater.deflate(new Uint8Array(0), "end", stream, at);
    deflater.close();
    const all = new Uint8Array(inflateRawSync(stream.subarray(0, at)));
    assertEquals(all.length, SAMPLES.reduce((sum, { length }) => sum + length, 0));
    let from = 0;
    for (const sample of SAMPLES) {
      assertEquals(all.subarray(from, from += sample.length), sample);
    }
  });
}
