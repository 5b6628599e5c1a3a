import { assertEquals } from "@std/assert";
import { ByteBuffer } from "../../lib/scan/byte_buffer.ts";

Deno.test("ByteBuffer.append() puts pieces together as it grows", () => {
  const buffer = new ByteBuffer(1 << 20);
  const piece = Uint8Array.from({ length: 1_000 }, (_, k) => k);
  for (let k = 0; k < 200; k++) assertEquals(buffer.append(piece), true);
  assertEquals(buffer.length, 200_000);
  assertEquals(buffer.bytes.subarray(199_000, 200_000), piece);
});

Deno.test("ByteBuffer.append() changes nothing when a piece does not fit", () => {
  const buffer = new ByteBuffer(3);
  assertEquals(buffer.append(Uint8Array.of(1, 2)), true);
  assertEquals(buffer.append(Uint8Array.of(3, 4)), false);
  assertEquals(buffer.length, 2);
  assertEquals(buffer.append(Uint8Array.of(3)), true);
  assertEquals(buffer.bytes.subarray(0, 3), Uint8Array.of(1, 2, 3));
});
