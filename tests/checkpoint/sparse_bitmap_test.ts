import { assert, assertEquals } from "@std/assert";
import { SparseBitmap } from "../../lib/checkpoint/sparse_bitmap.ts";

Deno.test("SparseBitmap holds numbers at any distance, and so does its copy", () => {
  const numbers = [0, 1, 7, 8, 65_535, 65_536, 1_000_003, 99_999_999, 2 ** 40 + 5];
  const places = new SparseBitmap();
  for (const number of [...numbers, 7, 65_536]) places.add(number);
  const text = [...places.lines()].join("");
  const copy = SparseBitmap.parse(text)!;
  for (const set of [places, copy]) {
    assertEquals(set.count, numbers.length);
    for (const number of numbers) {
      assert(set.has(number), `${number}`);
      for (const beside of [number - 1, number + 1]) {
        if (beside >= 0) assertEquals(set.has(beside), numbers.includes(beside), `${beside}`);
      }
    }
  }
  assertEquals(SparseBitmap.parse("")!.count, 0);
  for (
    const bad of ["x\n", "0\n", "0 AA==\n", "-1 AA==\n", text.replace(" ", " %"), `${text}0\n`]
  ) {
    assertEquals(SparseBitmap.parse(bad), undefined, bad.slice(0, 20));
  }
});
