import { assert, assertEquals } from "@std/assert";
import { truncate } from "../../lib/text/truncate.ts";

Deno.test("truncate() keeps 200 characters, the last of them an ellipsis when it cuts", () => {
  assertEquals(truncate("a".repeat(200)), "a".repeat(200));
  assertEquals(truncate("a".repeat(201)), `${"a".repeat(199)}…`);
  assertEquals(truncate(""), "");
});

Deno.test("truncate() gives well-formed text, and cuts no pair in two", () => {
  assertEquals(truncate(`${"a".repeat(198)}\u{1f600}bc`), `${"a".repeat(198)}…`);
  assertEquals(truncate("\ud83d!"), "\ufffd!");
  assert(truncate("\u{1f600}".repeat(150)).isWellFormed());
});
