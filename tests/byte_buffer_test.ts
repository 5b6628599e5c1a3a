import { assert, assertEquals } from "@std/assert";
import { ByteBuffer, joinBytes } from "../lib/byte_buffer.ts";

Deno.test("ByteBuffer.append() puts pieces together, and doubles its room", () => {
  const buffer = new ByteBuffer();
  assertEquals(buffer.view().length, 0);
  const rooms = new Set<number>();
  for (let k = 0; k < 1_000; k++) {
    assert(buffer.append(Uint8Array.of(k & 0xff)));
    rooms.add(buffer.bytes.length);
  }
  assertEquals(buffer.view(), Uint8Array.from({ length: 1_000 }, (_, k) => k & 0xff));
  assert(rooms.size <= 11, `${rooms.size}`);
});

Deno.test("ByteBuffer.append() takes up to its bound, and nothing of a piece beyond it", () => {
  const buffer = new ByteBuffer(5);
  assertEquals([buffer.append(new Uint8Array(3)), buffer.append(new Uint8Array(3))], [true, false]);
  assertEquals([buffer.length, buffer.append(new Uint8Array(2)), buffer.length], [3, true, 5]);
  buffer.length = 0;
  assertEquals([buffer.append(new Uint8Array(6)), buffer.append(new Uint8Array(5))], [false, true]);
  assertEquals(buffer.bytes.length, 5);
});

Deno.test("ByteBuffer.appendText() adds each character as a byte, up to its bound", () => {
  const buffer = new ByteBuffer(4);
  assertEquals([buffer.appendText("a"), buffer.appendText("\0\xff"), buffer.appendText("bc")], [
    true,
    true,
    false,
  ]);
  assertEquals(buffer.view(), Uint8Array.of(0x61, 0, 0xff));
});

Deno.test("ByteBuffer.reserve() makes room up to its bound, and changes nothing else", () => {
  const buffer = new ByteBuffer(10);
  assertEquals([buffer.reserve(4), buffer.bytes.length, buffer.length], [true, 4, 0]);
  buffer.append(Uint8Array.of(1, 2, 3));
  const { bytes } = buffer;
  assertEquals([buffer.reserve(1), buffer.bytes === bytes], [true, true]);
  assertEquals([buffer.reserve(2), buffer.bytes.length], [true, 10]);
  assertEquals([buffer.reserve(8), buffer.view()], [false, Uint8Array.of(1, 2, 3)]);
});

Deno.test("joinBytes() puts pieces one behind the other, in an array of their own", () => {
  const first = Uint8Array.of(1, 2);
  const all = joinBytes(first, new Uint8Array(), Uint8Array.of(3));
  first[0] = 9;
  assertEquals([all, joinBytes()], [Uint8Array.of(1, 2, 3), new Uint8Array()]);
});
