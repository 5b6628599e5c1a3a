import { assertEquals, assertRejects } from "@std/assert";
import { writeAll } from "../../lib/process/write_all.ts";

Deno.test("writeAll() writes all bytes in order when each write takes only some", async () => {
  const written: number[] = [];
  const writer = {
    write(bytes: Uint8Array): Promise<number> {
      const count = Math.min(3, bytes.length);
      written.push(...bytes.subarray(0, count));
      return Promise.resolve(count);
    },
  };
  const bytes = Uint8Array.from({ length: 10 }, (_, k) => k);
  await writeAll(writer, bytes);
  assertEquals(written, [...bytes]);
  await writeAll(writer, new Uint8Array());
  assertEquals(written.length, 10);
});

Deno.test("writeAll() throws the error of a write", async () => {
  const writer = { write: () => Promise.reject(new Error("it broke")) };
  await assertRejects(() => writeAll(writer, new Uint8Array(1)), Error, "it broke");
});
