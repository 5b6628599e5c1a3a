import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { decodeBlock, encodeBlock, readRecord } from "../../lib/cluster/block.ts";
import { DamagedError } from "../../lib/cluster/damaged_error.ts";
import { MAX_LINE, OverlongLine } from "../../lib/source/lines.ts";

const BLOCK = { texts: ["a", 'b\n"\ud800', "cc"], lines: [1, 3, 4], overlong: [2], inputs: [] };

Deno.test("decodeBlock() gives what encodeBlock() was given", () => {
  const block = decodeBlock(encodeBlock(BLOCK), 3, 1);
  assertEquals(block, BLOCK);
  assertEquals(readRecord(block, 1), 'b\n"\ud800');
  assertEquals(readRecord(block, 2) instanceof OverlongLine, true);
});

Deno.test("decodeBlock() refuses what no submitter writes", () => {
  const good = encodeBlock(BLOCK);
  const wrong = [
    new Uint8Array(),
    good.subarray(0, good.length - 9),
    new TextEncoder().encode(JSON.stringify(BLOCK)),
    // 200 MB in 200 kB.
    gzipSync(new Uint8Array(200_000_000).fill(0x20)),
    encodeBlock({ ...BLOCK, texts: ["a", "b"] }),
    encodeBlock({ ...BLOCK, lines: [1, 2] }),
    encodeBlock({ ...BLOCK, texts: ["a", "b", "x".repeat(MAX_LINE + 1)] }),
    encodeBlock({ ...BLOCK, texts: [1, 2, 3] as unknown as string[] }),
    encodeBlock({ ...BLOCK, inputs: [0, 1, 2] }),
    encodeBlock({ ...BLOCK, inputs: [0, 1] }),
    encodeBlock({ ...BLOCK, overlong: null as unknown as number[] }),
    gzipSync("null"),
  ];
  for (const bytes of wrong) assertThrows(() => decodeBlock(bytes, 3, 2), DamagedError);
  assertThrows(() => decodeBlock(good, 4, 1), DamagedError);
});
