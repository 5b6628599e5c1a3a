import { assertEquals } from "@std/assert";
import {
  findLast,
  findNext,
  isStatus,
  isVersion,
  parseHexByte,
  percentEncodeByte,
} from "../../../lib/commands/verify/path_status.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("percentEncodeByte() and parseHexByte() are the inverse of each other", () => {
  assertEquals([percentEncodeByte(0), percentEncodeByte(0x5c), percentEncodeByte(0xff)], [
    "%00",
    "%5C",
    "%FF",
  ]);
  for (let byte = 0; byte < 256; byte++) {
    assertEquals(parseHexByte(encode(percentEncodeByte(byte)), 1), byte);
  }
});

Deno.test("parseHexByte() is -1 when two hexadecimal digits do not stand there", () => {
  for (const text of ["", "a", "0g", "-1", " 1", "@0", "/0", ":0", "`0"]) {
    assertEquals(parseHexByte(encode(text), 0), -1, text);
  }
  assertEquals([parseHexByte(encode("aF"), 0), parseHexByte(encode("Af"), 0)], [0xaf, 0xaf]);
});

Deno.test("isStatus() is true for three digits before a space or the end", () => {
  for (const [text, expected] of [["200", true], ["200 5", true], ["2000", false], ["20", false]]) {
    const bytes = encode(`${text}`);
    assertEquals(isStatus(bytes, 0, bytes.length), expected, `${text}`);
  }
  assertEquals(isStatus(encode("20x"), 0, 3), false);
  assertEquals(isStatus(encode("200999"), 0, 3), true);
});

Deno.test("isVersion() is true where HTTP/ begins", () => {
  assertEquals(isVersion(encode("xHTTP/1.1"), 1, 9), true);
  assertEquals(isVersion(encode("HTTP"), 0, 4), false);
  assertEquals(isVersion(encode("http/1.1"), 0, 8), false);
});

Deno.test("findNext() and findLast() find a byte within bounds", () => {
  const bytes = encode("a.b.c.");
  const dot = ".".charCodeAt(0);
  assertEquals([findNext(bytes, dot, 0, 5), findNext(bytes, dot, 4, 5)], [1, 5]);
  assertEquals([findLast(bytes, dot, 0, 5), findLast(bytes, dot, 4, 5)], [3, 3]);
});
