import { assertEquals } from "@std/assert";
import { Sums } from "../../lib/stats/sums.ts";

Deno.test("Sums.take() gives what came since the last call", () => {
  const [sums, all] = [new Sums("a", "b"), new Sums("a", "b")];
  sums.of.a += 2;
  all.add(sums.take());
  sums.of.b += 0.5;
  all.add(sums.take());
  assertEquals([all.toJSON(), sums.toJSON()], [{ a: 2, b: 0.5 }, { a: 0, b: 0 }]);
});

Deno.test("Sums.add() ignores names that it does not have", () => {
  const sums = new Sums("a");
  sums.add({ a: 1, b: 2 } as { a: number });
  assertEquals(sums.toJSON(), { a: 1 });
});
