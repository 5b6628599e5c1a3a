import { assertEquals, assertMatch } from "@std/assert";
import { parseBody, parseCapture } from "../../lib/check/capture.ts";

for (
  const text of [
    ...["", "a", "=header:x", "a=header", "a=header:", "a=header:a b", "1a=header:x", "a b=json:"],
    ...["a=cookie:x", "a=json:a", "a=json:/~2", "a=json:/~", "a=regex:(", "a=regex:\\u{110000}"],
    `${"a".repeat(65)}=json:`,
  ]
) {
  Deno.test(`parseCapture() returns a message for '${text}'`, () => {
    assertMatch(parseCapture(text) as string, /^(use|name) |: use a /);
  });
}

Deno.test("parseBody() gives undefined when the text is not JSON", () => {
  assertEquals([parseBody("{"), parseBody(""), parseBody("1")], [undefined, undefined, 1]);
});
