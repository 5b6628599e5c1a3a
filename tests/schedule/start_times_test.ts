import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { StartTimes } from "../../lib/schedule/start_times.ts";

/** The example of the documents: 1,500, 66,000 and 15,000 starts. */
const STAGES = [{ ms: 30_000, to: 100 }, { ms: 120_000, to: 1_000 }, { ms: 30_000, to: 0 }];

Deno.test("StartTimes has as many starts as the area under the stages", () => {
  const times = new StartTimes({ rate: 1_000, stages: STAGES });
  assertEquals([times.count, times.endMs, times.of(times.count)], [82_500, 180_000, Infinity]);
  const within = (ms: number): number => {
    let k = 0;
    while (times.of(k) < ms) k++;
    return k;
  };
  // Up to t, the first stage has 100 / 30 * t^2 / 2 starts.
  assertEquals(
    [15_000, 30_000, 90_000, 150_000, 180_000].map(within),
    [375, 1_500, 1_500 + 60 * (100 + 550) / 2, 67_500, 82_500],
  );
});

Deno.test("StartTimes.of() never goes back, wherever it was asked before", () => {
  const times = new StartTimes({ rate: 1_000, stages: STAGES });
  let before = -1;
  for (let k = 0; k < times.count; k += 11) {
    const ms = times.of(k);
    assert(ms > before && ms <= 180_000, `start ${k} at ${ms}`);
    before = ms;
  }
  const [late, early] = [times.of(82_499), times.of(3)];
  assertEquals([times.of(82_499), times.of(3)], [late, early]);
});

Deno.test("StartTimes takes levels at once, waits where the rate is 0, and has part of a start as one", () => {
  const times = new StartTimes({
    rate: 10,
    stages: [
      { ms: 1_000, to: 0 },
      { ms: 0, to: 10 },
      { ms: 1_000, to: 10 },
      { ms: 0, to: 0 },
      { ms: 5_000, to: 0 },
      { ms: 1_000, to: 1 },
    ],
  });
  assertEquals([times.count, times.endMs], [11, 8_000]);
  assertEquals([0, 1, 9].map((k) => times.of(k)), [1_000, 1_100, 1_900]);
  assertEquals(times.of(10), 7_000);
});

Deno.test("StartTimes does not end without stages", () => {
  const times = new StartTimes({ rate: 100 });
  assertEquals([times.count, times.endMs], [Infinity, Infinity]);
  assertAlmostEquals(times.of(1e9), 1e10, 1e-3);
});
