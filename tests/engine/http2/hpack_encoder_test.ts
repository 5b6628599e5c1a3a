import { assert, assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../lib/byte_buffer.ts";
import { HpackDecoder } from "../../../lib/engine/http2/hpack_decoder.ts";
import {
  appendField,
  appendName,
  appendString,
  appendTableSize,
} from "../../../lib/engine/http2/hpack_encoder.ts";
import { Dice } from "../../fixtures/dice.ts";

function toHex(append: (buffer: ByteBuffer) => void): string {
  const buffer = new ByteBuffer();
  append(buffer);
  return [...buffer.view()].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

for (
  const [name, value, hex] of [
    // Fields of the static table are an index.
    [":method", "GET", "82"],
    [":method", "POST", "83"],
    [":scheme", "https", "87"],
    [":path", "/", "84"],
    ["accept-encoding", "gzip, deflate", "90"],
    // Their names are one too, of the first entry with the name.
    [":method", "PUT", "0203505554"],
    [":path", "/sample/path", "0489" + "6103a6ba0ac5634cff"],
    [":authority", "www.example.com", "018c" + "f1e3c2e5f23a6ba0ab90f4ff"],
    ["www-authenticate", "", "0f2e00"],
    // Other names are in lower case.
    ["custom-key", "custom-value", "0088" + "25a849e95ba97d7f" + "89" + "25a849e95bb8e8b4bf"],
    ["Custom-Key", "custom-value", "0088" + "25a849e95ba97d7f" + "89" + "25a849e95bb8e8b4bf"],
    // Not by Huffman where that is not shorter.
    ["x", "|", "000178" + "017c"],
    ["~", "\xff\x00", "00017e" + "02ff00"],
    // Secrets are never indexed, also not by proxies.
    ["password", "secret", "1086" + "ac684783d927" + "84" + "41496153"],
    ["authorization", "x", "1f080178"],
    ["Cookie", "a=1", "1f1182" + "1c01"],
    ["proxy-authorization", "x", "1f220178"],
    ["x-api-key", "k", "1087" + "f2b0eb32dd4beb" + "016b"],
  ] as const
) {
  Deno.test(`appendField() writes '${name}: ${JSON.stringify(value)}' as ${hex}`, () => {
    const written = toHex((buffer) => appendField(buffer, name, value));
    const decoder = new HpackDecoder();
    const bytes = Uint8Array.from(written.match(/../g)!, (byte) => parseInt(byte, 16));
    const [field] = decoder.decode(bytes, 0, bytes.length);
    assertEquals([field.name, field.value], [name.toLowerCase(), value]);
    assertEquals(written, hex);
  });
}

Deno.test("appendName() and appendString() write the two parts of a field", () => {
  for (const [name, value] of [[":path", "/a"], ["X-Request-Id", "17"], ["token", ""]]) {
    const parts = toHex((buffer) => {
      appendName(buffer, name);
      appendString(buffer, value);
    });
    assertEquals(parts, toHex((buffer) => appendField(buffer, name, value)));
  }
});

Deno.test("appendTableSize() announces a table of no bytes", () => {
  assertEquals(toHex(appendTableSize), "20");
});

Deno.test("appendField() writes each field so that it is read as the same, and nothing is added", () => {
  const dice = new Dice(9113);
  const names = [":path", "accept", "cookie", "x-token", "a".repeat(126), "b".repeat(127), "x"];
  const decoder = new HpackDecoder();
  for (let k = 0; k < 1_000; k++) {
    const buffer = new ByteBuffer();
    // Behind other bytes.
    buffer.append(new Uint8Array(dice.below(3)));
    const start = buffer.length;
    if (k === 0) appendTableSize(buffer);
    const fields = Array.from({ length: 1 + dice.below(5) }, () => {
      const length = dice.below(dice.of([5, 130, 3_000]));
      const max = dice.of([128, 256]);
      const value = Array.from({ length }, () => String.fromCharCode(dice.below(max))).join("");
      const name = dice.of(names);
      appendField(buffer, name, value);
      return [name, value];
    });
    const read = decoder.decode(buffer.bytes, start, buffer.length);
    assertEquals(read.map(({ name, value }) => [name, value]), fields);
    assert(buffer.bytes[start] < 0x40 || buffer.bytes[start] >= 0x80);
  }
});
