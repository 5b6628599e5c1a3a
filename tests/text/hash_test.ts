import { assertEquals } from "@std/assert";
import { hashText } from "../../lib/text/hash.ts";

Deno.test("hashText() is FNV-1a", () => {
  assertEquals(["", "a", "foobar"].map(hashText), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});
