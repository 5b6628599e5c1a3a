import { assert, assertEquals } from "@std/assert";
import { readLines } from "../../lib/scan/byte_lines.ts";

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

Deno.test("readLines() gives the same lines for any blocks", async () => {
  const text = '\ufeffone\r\n\ntwo\nthree\r\nfour "é"\n\r\nfive';
  const whole = bytes(text);
  for (let size = 1; size <= whole.length; size++) {
    const lines: string[] = [];
    let at = 0;
    let isClosed = false;
    await readLines(
      {
        read: () => {
          const block = whole.slice(at, at += size);
          return Promise.resolve(block.length === 0 ? undefined : block);
        },
        close: () => isClosed = true,
      },
      (bytes, from, to) => lines.push(new TextDecoder().decode(bytes.subarray(from, to))),
      () => lines.push("too long"),
    );
    // The mark is cut off from its line where blocks are that small: it is dropped all the same.
    assertEquals(lines, ["one", "two", "three", 'four "é"', "five"], `${size}`);
    assert(isClosed);
  }
});

Deno.test("readLines() skips a line that is too long without holding it", async () => {
  const lines: string[] = [];
  let blocks = 0;
  const long = new Uint8Array(64 * 1024).fill(0x61);
  await readLines(
    {
      read: () => {
        blocks++;
        if (blocks === 1) return Promise.resolve(bytes("first\nx"));
        if (blocks < 1_000) return Promise.resolve(long);
        return Promise.resolve(blocks === 1_000 ? bytes("\nlast\n") : undefined);
      },
      close: () => {},
    },
    (bytes, from, to) => lines.push(new TextDecoder().decode(bytes.subarray(from, to))),
    () => lines.push("too long"),
  );
  assertEquals(lines, ["first", "too long", "last"]);
});
