import { assertEquals, assertThrows } from "@std/assert";
import { isRawJSON, parseLosslessJson } from "../../lib/text/lossless_json.ts";

Deno.test("parseLosslessJson() keeps the digits of numbers that a double cannot hold", () => {
  const text = '{"id":12345678901234567890,"list":[1.00000000000000001,-9007199254740993]}';
  assertEquals(JSON.stringify(parseLosslessJson(text)), text);
  const { id } = parseLosslessJson(text) as { id: unknown };
  assertEquals(isRawJSON(id), true);
});

Deno.test("parseLosslessJson() gives the same as JSON.parse() when numbers are short", () => {
  for (const text of ["1", "[1.5,-2e3]", '{"a":"1234567890123456","b":null}', '"x"']) {
    assertEquals(parseLosslessJson(text), JSON.parse(text));
  }
});

Deno.test("parseLosslessJson() throws SyntaxError when the text is not JSON", () => {
  for (const text of ["", "{", "1234567890123456 x"]) {
    assertThrows(() => parseLosslessJson(text), SyntaxError);
  }
});
