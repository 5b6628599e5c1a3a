import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BufferPool } from "../../../lib/output/archive/buffer_pool.ts";

Deno.test("BufferPool gives a buffer again, empty, and keeps no more room than its bound", () => {
  const pool = new BufferPool(1024 * 1024);
  const first = pool.take();
  const second = pool.take();
  assertNotStrictEquals(first, second);
  first.append(new Uint8Array(700_000));
  second.append(new Uint8Array(700_000));
  pool.give(first);
  pool.give(second);
  assertStrictEquals(pool.take(), first);
  assertEquals(first.length, 0);
  assertEquals(first.bytes.length, 700_000);
  assertEquals(pool.take().bytes.length, 0);
  assert(!first.append(new Uint8Array(1024 * 1024 + 1)));
});
