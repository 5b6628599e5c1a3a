import { assertEquals } from "@std/assert";
import { createPainter } from "../../lib/text/style.ts";

Deno.test("createPainter() ends a style after the text, and adds nothing without color", () => {
  assertEquals(createPainter(true)("red", "x"), "\x1b[31mx\x1b[0m");
  assertEquals(createPainter(false)("red", "x"), "x");
});
