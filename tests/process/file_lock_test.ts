import { assertEquals } from "@std/assert";
import { lockFile } from "../../lib/process/file_lock.ts";

Deno.test("lockFile() waits for a process that is about to end", async () => {
  let attempts = 0;
  const file = { tryLock: () => Promise.resolve(++attempts === 3) };
  assertEquals([await lockFile(file), attempts], [true, 3]);
});

Deno.test("lockFile() gives up when another process keeps the lock", async () => {
  let attempts = 0;
  const file = { tryLock: () => Promise.resolve(++attempts < 0) };
  assertEquals([await lockFile(file), attempts], [false, 50]);
});
