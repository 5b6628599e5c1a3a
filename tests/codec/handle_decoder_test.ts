import { assertThrows } from "@std/assert";
import { createGunzip } from "node:zlib";
import { DecodingError } from "../../lib/codec/decoder.ts";
import { findHandle } from "../../lib/codec/handle_decoder.ts";

Deno.test("findHandle() finds the handle of a stream, and says if there is no such", () => {
  findHandle(createGunzip());
  for (const stream of [{}, { _handle: null }, { _handle: { writeSync: 1 } }]) {
    assertThrows(() => findHandle(stream), DecodingError, "this version of Deno cannot decode it");
  }
});
