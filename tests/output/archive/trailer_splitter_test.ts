import { assertEquals } from "@std/assert";
import { TrailerSplitter } from "../../../lib/output/archive/trailer_splitter.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const VECTORS = [
  ["5\r\nhello\r\n0\r\n", "\r\n"],
  ["5;a=0\r\nhello\r\n00A\r\n0123\r\n0\r\n9\r\n0;end\r\n", "X-T: v\r\nY: 0\r\n\r\n"],
  ["0\r\n", "A: b\r\n\r\n"],
  ["a\r\n0123456789\r\n", ""],
] as const;

Deno.test("TrailerSplitter finds the trailer section, whole and byte by byte", () => {
  for (const [chunks, trailer] of VECTORS) {
    const bytes = encode(chunks + trailer);
    assertEquals(new TrailerSplitter().split(bytes), chunks.length);
    const splitter = new TrailerSplitter();
    let before = 0;
    for (const k of bytes.keys()) before += splitter.split(bytes.subarray(k, k + 1));
    assertEquals(before, chunks.length, chunks);
  }
});
