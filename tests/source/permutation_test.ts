import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Permutation } from "../../lib/source/permutation.ts";

for (const count of [1, 2, 3, 5, 16, 17, 1_000, 65_537]) {
  Deno.test(`Permutation gives each number below ${count} once`, () => {
    const permutation = new Permutation(count, 7);
    const numbers = new Set<number>();
    for (let k = 0; k < count; k++) numbers.add(permutation.at(k));
    assertEquals(numbers.size, count);
    assert([...numbers].every((number) => number >= 0 && number < count));
  });
}

Deno.test("Permutation looks random: few numbers stay, and halves are mixed", () => {
  const permutation = new Permutation(10_000, 1);
  const order = Array.from({ length: 10_000 }, (_, k) => permutation.at(k));
  assert(order.filter((number, k) => number === k).length < 20);
  const early = order.slice(0, 5_000).filter((number) => number < 5_000).length;
  assert(early > 2_300 && early < 2_700, `${early}`);
  const rising = order.filter((number, k) => number > (order[k - 1] ?? 0)).length;
  assert(rising > 4_700 && rising < 5_300, `${rising}`);
});

Deno.test("Permutation has another order for another seed, and the same for the same", () => {
  const of = (seed: number) =>
    Array.from({ length: 50 }, (_, k) => new Permutation(50, seed).at(k));
  assertEquals(of(3), of(3));
  assertNotEquals(of(3), of(4));
});

Deno.test("Permutation is exact up to 2^53 - 1", () => {
  const count = Number.MAX_SAFE_INTEGER;
  const permutation = new Permutation(count, 0);
  const numbers = new Set<number>();
  for (let k = 0; k < 1_000; k++) numbers.add(permutation.at(count - 1 - k));
  assertEquals(numbers.size, 1_000);
  assert([...numbers].every((number) => Number.isSafeInteger(number) && number < count));
  assert([...numbers].some((number) => number % 2 === 1));
});
