import { assertEquals } from "@std/assert";
import { countBits, writeHybrid } from "../../../lib/output/parquet/hybrid.ts";
import { PlainBytes } from "../../../lib/output/parquet/plain_bytes.ts";
import { Dice } from "../../fixtures/dice.ts";

/** Reads values as the format's text says: https://github.com/apache/parquet-format, Encodings. */
function readHybrid(bytes: Uint8Array, count: number, bits: number): number[] {
  const values: number[] = [];
  let at = 0;
  while (values.length < count) {
    let head = 0;
    for (let shift = 0;; shift += 7) {
      head += (bytes[at] & 0x7f) * 2 ** shift;
      if (bytes[at++] < 0x80) break;
    }
    const isPacked = head % 2 === 1;
    const length = Math.floor(head / 2) * (isPacked ? 8 : 1);
    if (isPacked) {
      for (let k = 0; k < length; k++) {
        let value = 0;
        for (let bit = 0; bit < bits; bit++) {
          const place = k * bits + bit;
          value += (bytes[at + (place >> 3)] >> (place & 7) & 1) * 2 ** bit;
        }
        values.push(value);
      }
      at += length * bits / 8;
    } else {
      let value = 0;
      for (let k = 0; k < Math.ceil(bits / 8); k++) value += bytes[at++] * 2 ** (8 * k);
      values.push(...new Array<number>(length).fill(value));
    }
  }
  assertEquals(at, bytes.length);
  return values.slice(0, count);
}

Deno.test("writeHybrid() gives runs and packed values that read as the same values", () => {
  const dice = new Dice(5);
  for (let round = 0; round < 300; round++) {
    const bits = 1 + dice.below(12);
    const values: number[] = [];
    while (values.length < 1 + dice.below(200)) {
      const value = dice.below(2 ** bits);
      const length = [1, 2, 7, 8, 9, 17, 300][dice.below(7)];
      for (let k = 0; k < length; k++) values.push(value);
    }
    const to = new PlainBytes();
    writeHybrid(to, Uint16Array.from(values), values.length, bits);
    assertEquals(readHybrid(to.view(), values.length, bits), values);
  }
  const run = new PlainBytes();
  writeHybrid(run, new Uint8Array(1_000).fill(1), 1_000, 1);
  assertEquals([...run.view()], [0xd0, 0x0f, 1]);
});

Deno.test("countBits() is what the largest value takes, and at least one", () => {
  assertEquals([0, 1, 2, 3, 4, 255, 256, 4095].map(countBits), [1, 1, 2, 2, 3, 8, 9, 12]);
});
