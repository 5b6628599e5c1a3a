import { assertEquals } from "@std/assert";
import { BodyPrefix, MAX_INSPECTED_BYTES } from "../../lib/check/body_prefix.ts";

const encoder = new TextEncoder();

for (
  const bytes of [
    encoder.encode("\ufeffgrün \u{1f600}\ufeff!"),
    Uint8Array.from([0xc3, 0x28, 0xff, 0xf0, 0x9f]),
    encoder.encode("ascii"),
    new Uint8Array(0),
  ]
) {
  Deno.test(`BodyPrefix.text() is the same for any pieces of ${bytes.length} bytes`, () => {
    const whole = new TextDecoder().decode(bytes);
    for (let at = 0; at <= bytes.length; at++) {
      const text = new BodyPrefix();
      text.write(bytes.subarray(0, at));
      text.write(bytes.subarray(at));
      assertEquals(text.text(), whole, `${at}`);
    }
    const single = new BodyPrefix();
    for (const byte of bytes) single.write(Uint8Array.of(byte));
    assertEquals([single.text(), single.isCut], [whole, false]);
  });
}

Deno.test("BodyPrefix copies what it is lent, and keeps at most 1 MiB", () => {
  const lent = encoder.encode("aé");
  const text = new BodyPrefix();
  text.write(lent);
  lent.fill(0x78);
  assertEquals(text.text(), "aé");
  const block = new Uint8Array(65_536 - 1).fill(0x61);
  const long = new BodyPrefix();
  for (let k = 0; k < 20; k++) long.write(block);
  assertEquals([long.text().length, long.isCut], [MAX_INSPECTED_BYTES, true]);
});
