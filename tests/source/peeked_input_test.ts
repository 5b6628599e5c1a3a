import { assertEquals } from "@std/assert";
import { PeekedInput } from "../../lib/source/peeked_input.ts";
import { Blocks, splits } from "../fixtures/sources.ts";

const encoder = new TextEncoder();

async function readAll(input: Pick<PeekedInput, "read">): Promise<Uint8Array> {
  const blocks = [];
  for (let block; (block = await input.read()) !== undefined;) blocks.push(block);
  return await new Blob(blocks).bytes();
}

Deno.test("PeekedInput gives its first line that is not blank, and is read from the start", async () => {
  for (
    const [text, line] of [
      ["", ""],
      ["\n \r\n", ""],
      ["one", "one"],
      ["one\ntwo\n", "one"],
      ["\r\n\n  one \r\ntwo", "one \r"],
      ["\ufeff\none\n", "one"],
    ]
  ) {
    for (const blocks of splits(encoder.encode(text))) {
      const input = await PeekedInput.open(Object.assign(blocks, { path: "x" }));
      assertEquals(new TextDecoder().decode(input.firstLine), line, JSON.stringify(text));
      assertEquals(await readAll(input), encoder.encode(text));
      input.close();
      assertEquals(blocks.isClosed, true);
    }
  }
});

Deno.test("PeekedInput reads no further ahead than its bound", async () => {
  const blocks = new Blocks(Array.from({ length: 64 }, () => new Uint8Array(64 * 1024).fill(0x61)));
  const input = await PeekedInput.open(Object.assign(blocks, { path: "x" }));
  assertEquals([blocks.reads, input.firstLine.length], [16, 1024 * 1024]);
});

Deno.test("PeekedInput reads a million blocks of white space in linear time", async () => {
  // As members of gzip with a byte each are; in square time, it would take hours.
  const space = new Uint8Array([0x20]);
  let left = 1_000_000;
  const read = () => Promise.resolve(left-- > 0 ? space : undefined);
  const input = await PeekedInput.open({ path: "x", read, close: () => {} });
  assertEquals((await readAll(input)).length, 1_000_000);
});
