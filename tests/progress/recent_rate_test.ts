import { assert, assertEquals } from "@std/assert";
import { RecentRate } from "../../lib/progress/recent_rate.ts";
import { SNAPSHOT } from "../fixtures/live_scene.ts";

/** Tells a rate the time and how many requests there were, and gives what it makes of them. */
function rateOf(): (ms: number, requests: number) => number {
  const rate = new RecentRate();
  return (ms, requests) => rate.update({ ...SNAPSHOT, requests }, ms);
}

Deno.test("RecentRate forgets results older than about 5 s", () => {
  const rate = rateOf();
  assertEquals(rate(1000, 0), 0);
  assertEquals(rate(1000, 5), 0);
  assertEquals(rate(1100, 10), 100);
  // 100 a second for 20 s, then none.
  for (let ms = 1200; ms <= 21_000; ms += 100) {
    assertEquals(Math.round(rate(ms, (ms - 1000) / 10)), 100);
  }
  let last = 100;
  for (let ms = 21_100; ms <= 27_000; ms += 100) {
    const now = rate(ms, 2000);
    assert(now <= last);
    last = now;
  }
  assertEquals(last, 0);
});

Deno.test("RecentRate counts since the last call when calls are 10 s apart", () => {
  const rate = rateOf();
  rate(0, 0);
  assertEquals(rate(10_000, 1000), 100);
  assertEquals(rate(20_000, 3000), 200);
  assertEquals(rate(30_000, 3000), 0);
});
