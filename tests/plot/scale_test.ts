import { assert, assertEquals } from "@std/assert";
import { linearScale, logScale, thinTicks } from "../../lib/plot/scale.ts";

Deno.test("linearScale() goes from 0 to a round number at or above the greatest value", () => {
  for (
    const [values, ticks] of [
      [[98.4, 3], [0, 20, 40, 60, 80, 100]],
      [[0], [0, 0.2, 0.4, 0.6, 0.8, 1]],
      [[100], [0, 20, 40, 60, 80, 100]],
      [[0.003], [0, 0.001, 0.002, 0.003]],
      [[101], [0, 50, 100, 150]],
    ]
  ) {
    const scale = linearScale(values);
    assertEquals(scale.ticks, ticks);
    assertEquals([scale.place(0), scale.place(ticks.at(-1)!)], [0, 1]);
  }
});

Deno.test("logScale() begins and ends at 1, 2 or 5 times a power of 10", () => {
  for (
    const [values, ticks] of [
      [[10, 1000], [10, 20, 50, 100, 200, 500, 1000]],
      [[46, 93], [20, 50, 100]],
      [[3], [2, 5]],
      [[1], [1, 2]],
      [[10, 1e8], [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]],
      [[0.25, 15], [0.2, 0.5, 1, 2, 5, 10, 20]],
    ]
  ) {
    const scale = logScale(values);
    assertEquals(scale.ticks, ticks);
    for (const value of values) {
      const place = scale.place(value);
      assert(place >= 0 && place <= 1, `${value} of ${values}: ${place}`);
    }
  }
  const scale = logScale([1, 10_000]);
  assertEquals([1, 100, 10_000].map(scale.place), [0, 0.5, 1]);
});

Deno.test("logScale() and linearScale() have few ticks for any range", () => {
  for (const scale of [logScale([1e-9, 1e15]), linearScale([1e15]), linearScale([1.1e-7])]) {
    assert(scale.ticks.length >= 2 && scale.ticks.length <= 12, `${scale.ticks}`);
  }
});

Deno.test("thinTicks() keeps powers of 10, or else evenly spaced ticks", () => {
  assertEquals(thinTicks([10, 20, 50, 100], 4), [10, 20, 50, 100]);
  assertEquals(thinTicks([10, 20, 50, 100, 200], 3), [10, 100]);
  assertEquals(thinTicks([0, 20, 40, 60, 80], 3), [0, 40, 80]);
});
