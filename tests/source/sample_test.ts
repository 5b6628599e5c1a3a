import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Sample } from "../../lib/source/sample.ts";

for (const share of [1, 0.9, 0.7, 0.5, 1 / 3, 0.1, 0.011]) {
  Deno.test(`Sample takes a share of ${share}, spread evenly`, () => {
    const sample = new Sample(share, 5);
    const count = sample.countBelow(10_000);
    const numbers = Array.from({ length: count }, (_, k) => sample.at(k));
    assert(Math.abs(count - 10_000 * share) <= 1);
    assert(numbers.every((number, k) => number > (numbers[k - 1] ?? -1) && number < 10_000));
    assert(sample.at(count) >= 10_000);
    const half = numbers.filter((number) => number < 5_000).length;
    assert(Math.abs(half - 5_000 * share) <= 1);
  });
}

Deno.test("Sample depends on the seed, and only on that", () => {
  const of = (seed: number) => Array.from({ length: 50 }, (_, k) => new Sample(0.1, seed).at(k));
  assertEquals(of(1), of(1));
  assertNotEquals(of(1), of(2));
  assertEquals(new Sample(0.1, 1).countBelow(Infinity), Infinity);
  assertEquals(new Sample(1, 1).countBelow(17), 17);
  assertEquals(new Sample(0.001, 1).countBelow(0), 0);
});
