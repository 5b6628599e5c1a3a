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

Deno.test("SparseBitmap.countBelow() counts in any order of questions", () => {
  const places = new SparseBitmap();
  const all = [0, 3, 7, 8, 9, 65_535, 65_536, 200_000, 200_001, 10_000_000];
  for (const place of all) places.add(place);
  for (
    const at of [5, 5, 0, 9, 10, 65_535, 65_536, 65_537, 300_000, 200_001, 200_000, 1e7, 1, 2e7]
  ) {
    assertEquals(places.countBelow(at), all.filter((place) => place < at).length, `${at}`);
  }
});
