import { assertEquals } from "@std/assert";
import { toFileName } from "../../../lib/output/sqlite/open_connection.ts";

Deno.test("toFileName() names files that look like something else", () => {
  const special = [":memory:", "file:a.db?mode=memory", "FILE:a.db"];
  assertEquals(special.map(toFileName), special.map((path) => `./${path}`));
  const plain = ["a.db", "/file:a.db", "./:memory:", "files/a.db"];
  assertEquals(plain.map(toFileName), plain);
});
