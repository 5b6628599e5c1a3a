import { assertEquals } from "@std/assert";
import { isFormType, isJsonBytes, isJsonText, isJsonType } from "../../lib/http/content_type.ts";

const MAX_PARSED = 4 << 20;

for (
  const [text, expected] of [
    ['{"a":1}', true],
    [" \t\r\n[1]", true],
    ["[]", true],
    ["", false],
    ["1", false],
    ['"text"', false],
    ["{a}", false],
    ["[1", false],
    ["\ufeff{}", false],
  ] as const
) {
  Deno.test(`isJsonText() and isJsonBytes() are ${expected} for ${JSON.stringify(text)}`, () => {
    assertEquals(isJsonText(text), expected);
    assertEquals(isJsonBytes(new TextEncoder().encode(text)), expected);
  });
}

Deno.test("isJsonText() and isJsonBytes() look at the beginning when a body is long", () => {
  for (const [start, expected] of [["[", true], [" {", true], ["a", false]] as const) {
    const text = start + "x".repeat(MAX_PARSED);
    assertEquals(isJsonText(text), expected);
    assertEquals(isJsonBytes(new TextEncoder().encode(text)), expected);
  }
});

Deno.test("isJsonBytes() is false when the bytes are not UTF-8", () => {
  assertEquals(isJsonBytes(Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d)), false);
});

for (
  const [type, isJson, isForm] of [
    ["application/json", true, false],
    ["Application/JSON ; charset=utf-8", true, false],
    ["application/problem+json", true, false],
    ["application/json5", false, false],
    ["text/json", false, false],
    ["application/x-www-form-urlencoded;charset=UTF-8", false, true],
    ["application/x-www-form-urlencoded2", false, false],
    ["", false, false],
  ] as const
) {
  Deno.test(`isJsonType() and isFormType() are ${isJson} and ${isForm} for '${type}'`, () => {
    assertEquals([isJsonType(type), isFormType(type)], [isJson, isForm]);
  });
}
