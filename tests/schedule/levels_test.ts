import { assert, assertEquals } from "@std/assert";
import { Levels } from "../../lib/schedule/levels.ts";

const UP_AND_DOWN = new Levels([
  { ms: 1_000, to: 4 },
  { ms: 1_000, to: 4 },
  { ms: 1_000, to: 0 },
]);

Deno.test("Levels.countPlaces() rises, stays and falls, and keeps the last level", () => {
  assertEquals(
    [0, 249, 250, 750, 999, 1_000, 2_000, 2_001, 2_250, 2_999, 3_000, 9_000]
      .map((ms) => UP_AND_DOWN.countPlaces(ms)),
    [1, 1, 2, 4, 4, 4, 4, 4, 3, 1, 0, 0],
  );
});

Deno.test("Levels.countPlaces() takes a level at once where a step takes no time", () => {
  const levels = new Levels([{ ms: 0, to: 3 }, { ms: 1_000, to: 3 }, { ms: 0, to: 7 }]);
  assertEquals([0, 999, 1_000].map((ms) => levels.countPlaces(ms)), [3, 3, 7]);
  assertEquals([levels.findMoreThan(2, 0), levels.findMoreThan(3, 0)], [0, 1_000]);
});

Deno.test("Levels.findMoreThan() says when another place is there, or that none will be", () => {
  assertEquals([0, 1, 3].map((k) => UP_AND_DOWN.findMoreThan(k, 0)), [0, 250, 750]);
  assertEquals([1, 4].map((k) => UP_AND_DOWN.findMoreThan(k, 2_800)), [Infinity, Infinity]);
  // The level falls below it and comes back.
  const dip = new Levels([{ ms: 0, to: 2 }, { ms: 100, to: 0 }, { ms: 100, to: 4 }]);
  assertEquals(dip.findMoreThan(1, 60), 125);
});

Deno.test("Levels.findMoreThan() is the first time at which countPlaces() is more", () => {
  const steps = [[300, 5], [0, 2], [200, 2], [400, 9], [100, 0], [250, 3]] as const;
  const levels = new Levels(steps.map(([ms, to]) => ({ ms, to })));
  for (let k = 0; k < 10; k++) {
    for (let from = 0; from < 1_300; from += 7) {
      const found = levels.findMoreThan(k, from);
      let walked = from;
      while (walked < 1_400 && levels.countPlaces(walked) <= k) walked++;
      if (found === Infinity) assertEquals(walked, 1_400, `${k} from ${from}`);
      else assert(found <= walked && walked - found <= 1, `${k} from ${from}: ${found} ${walked}`);
    }
  }
});
