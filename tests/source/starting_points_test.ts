import { assert, assertEquals } from "@std/assert";
import { StartingPoints } from "../../lib/source/starting_points.ts";

Deno.test("StartingPoints keeps a bounded number of places, evenly spread, the first one too", () => {
  const points = new StartingPoints(16);
  // A record of two lines and ten bytes each.
  for (let k = 0; k < 10_000; k++) points.add(10 * k, k, 2 * k);
  const { offsets, counts, lines } = points;
  assert(offsets.length >= 8 && offsets.length < 16, `${offsets.length}`);
  assertEquals(offsets[0], 0);
  assertEquals(counts, offsets.map((offset) => offset / 10));
  assertEquals(lines, counts.map((count) => 2 * count));
  const gaps = offsets.slice(1).map((offset, k) => offset - offsets[k]);
  assert(Math.max(...gaps) <= 1.5 * Math.min(...gaps), `${gaps}`);
});

Deno.test("StartingPoints.find() gives the last place that is not behind a record", () => {
  const points = new StartingPoints(16);
  for (const [offset, count] of [[0, 0], [100, 0], [200, 3], [300, 7]]) {
    points.add(offset, count, count);
  }
  assertEquals([0, 2, 3, 6, 7, 100].map((place) => points.offsets[points.find(place)]), [
    100,
    100,
    200,
    200,
    300,
    300,
  ]);
});
