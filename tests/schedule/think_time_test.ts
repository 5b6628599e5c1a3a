import { assert, assertEquals } from "@std/assert";
import { ThinkTime } from "../../lib/schedule/think_time.ts";

const COUNT = 10_000;

/** How long a place waits after each of the first requests. */
function drawWaits(minMs: number, maxMs: number, from = 0): number[] {
  return Array.from({ length: COUNT }, (_, k) => {
    const think = new ThinkTime({ minMs, maxMs });
    think.begin(from + k, 0);
    return think.firstMs;
  });
}

Deno.test("ThinkTime waits the same time after the same request, evenly spread over its bounds", () => {
  for (const from of [0, 2 ** 40]) {
    const waits = drawWaits(1_000, 3_000, from);
    assertEquals(drawWaits(1_000, 3_000, from), waits);
    assert(Math.min(...waits) >= 1_000 && Math.max(...waits) < 3_000);
    const tenths = new Array(10).fill(0);
    for (const ms of waits) tenths[Math.floor((ms - 1_000) / 200)]++;
    assert(tenths.every((count) => Math.abs(count - COUNT / 10) < COUNT / 50), `${tenths}`);
  }
});

Deno.test("ThinkTime.countPlaces() counts those that still wait", () => {
  const think = new ThinkTime({ minMs: 500, maxMs: 500 });
  assertEquals([think.countPlaces(0), think.firstMs], [0, Infinity]);
  think.begin(1, 100);
  think.begin(2, 0);
  assertEquals([think.countPlaces(499), think.firstMs], [2, 500]);
  assertEquals([think.countPlaces(500), think.firstMs], [1, 600]);
  assertEquals([think.countPlaces(600), think.firstMs], [0, Infinity]);
});
