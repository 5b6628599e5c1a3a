import { assert, assertEquals } from "@std/assert";
import { Utf8Reader } from "../../lib/source/utf8.ts";

/** All that a reader gives for blocks. */
function read(blocks: readonly Uint8Array[]): string {
  const reader = new Utf8Reader();
  let text = "";
  for (const block of blocks) {
    reader.add(block);
    for (let piece; (piece = reader.next()) !== undefined;) text += piece;
    assert(reader.unread < 4, "what is left is less than a character");
  }
  return text + reader.end();
}

Deno.test("Utf8Reader gives the same text for bytes that are split anywhere", () => {
  const text = "aé世\u{1f600}\ufffd z";
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at <= bytes.length; at++) {
    assertEquals(read([bytes.subarray(0, at), bytes.subarray(at)]), text);
  }
  assertEquals(read([...bytes].map((byte) => Uint8Array.of(byte))), text);
});

Deno.test("Utf8Reader drops a byte order mark at the start, and no other", () => {
  const mark = [0xef, 0xbb, 0xbf];
  assertEquals(read([Uint8Array.from([...mark, 0x61, ...mark])]), "a\ufeff");
});

Deno.test("Utf8Reader marks invalid UTF-8 with a lone surrogate", () => {
  assertEquals(read([Uint8Array.of(0x61, 0xff, 0x62)]), "a\udc00b");
  assertEquals(read([Uint8Array.of(0xe4, 0xb8)]), "\udc00");
  // U+FFFD itself is text.
  assertEquals(read([Uint8Array.of(0xef, 0xbf, 0xbd, 0xff)]), "\ufffd\udc00");
});

Deno.test("Utf8Reader reads blocks longer than its pieces", () => {
  const text = "世".repeat(20_000);
  assertEquals(read([new TextEncoder().encode(text)]), text);
});
