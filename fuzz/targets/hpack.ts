import { HpackDecoder } from "../../lib/engine/http2/hpack_decoder.ts";
import { Http2Error } from "../../lib/engine/http2/http2_error.ts";
import { FieldReader } from "../../tests/fixtures/http2_frames.ts";
import { attempt, type FuzzTarget, holdEqual, toText } from "../target.ts";

/** The maximum number of blocks that an input is. */
const MAX_BLOCKS = 64;

export const target: FuzzTarget = {
  reads:
    "HPACK field blocks of a connection, against the decoder of the tests, which keeps no blocks",
  // Blocks behind their lengths.
  seeds: [
    "\x06\x88\x40\x01a\x01b\x02\x88\xbe\x02\x88\xbe\x06\x88\x40\x01a\x01b",
    "\x0a\x88\x58\x07private\x02\x88\xbe\x02\xbe\xbe",
    "\x0f\x40\x0acustom-key\x01a\xbe\x02\xbe\xbe\x03\x3f\xe1\x1f\x01\xbe",
    "\x05\x88\x48\x82\x64\x02\x08\x88\x58\x85\xae\xc3\x77\x1a\x4b\x01\xbf",
    "\x04\x20\x3f\xe1\x1f\x05\0\x01a\x01b\x05\x10\x01a\x01b\x05\0\x01a\x01b",
  ].map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0))),
  tokens: [
    "\x40\x01a\x01b",
    "\xbe",
    "\xbf",
    "\x20",
    "\x3f\xe1\x1f",
    "\x88",
    "\0\x01a\x01b",
    "\x7f",
  ],

  run(input) {
    const decoder = new HpackDecoder();
    const reference = new FieldReader();
    const outcomes: unknown[] = [];
    for (let at = 0; at < input.length && outcomes.length < MAX_BLOCKS;) {
      const block = input.slice(at + 1, at + 1 + input[at]);
      at += 1 + input[at];
      // Within a buffer that has something else afterwards.
      const buffer = new Uint8Array(block.length + 8).fill(0xaa);
      buffer.set(block, 4);
      const result = attempt(() => decoder.decode(buffer, 4, 4 + block.length), Http2Error);
      buffer.fill(0x55);
      outcomes.push("value" in result ? result.value : result.error);
      if ("error" in result) break;
      // It knows no rare characters in Huffman code.
      const expected = attempt(() => reference.read(toText(block)), Error);
      if ("error" in expected) break;
      const fields = result.value.map(({ name, value }) => [name, value]);
      holdEqual(fields, expected.value, "the decoder of the tests reads other fields");
    }
    return JSON.stringify(outcomes);
  },
};
