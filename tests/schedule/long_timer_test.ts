import { assertEquals } from "@std/assert";
import { LongTimer } from "../../lib/schedule/long_timer.ts";
import { SimulatedClock } from "../fixtures/simulated_clock.ts";

const DAY = 86_400_000;

Deno.test("LongTimer calls back once, at its time, however long that is", async () => {
  using clock = new SimulatedClock(0, DAY);
  const calls: [days: number, atMs: number][] = [];
  for (const days of [0.5, 24, 25, 60, 365]) {
    new LongTimer(days * DAY, () => calls.push([days, Math.round(clock.ms)]));
  }
  await clock.to(400 * DAY);
  assertEquals(calls, [0.5, 24, 25, 60, 365].map((days) => [days, days * DAY]));
});

Deno.test("LongTimer does not call back after clear(), in no part of its time", async () => {
  using clock = new SimulatedClock(0, DAY);
  let calls = 0;
  const timers = [10, 100].map((days) => new LongTimer(days * DAY, () => calls++));
  await clock.to(5 * DAY);
  timers[0].clear();
  await clock.to(40 * DAY);
  timers[1].clear();
  await clock.to(200 * DAY);
  assertEquals(calls, 0);
});
