import { assertEquals } from "@std/assert";
import { History } from "../../../lib/progress/live/history.ts";
import { Histogram } from "../../../lib/stats/histogram.ts";
import { SNAPSHOT } from "../../fixtures/live_scene.ts";

Deno.test("History has the rate and the percentiles of each interval", () => {
  const history = new History();
  const histogram = new Histogram();
  const at = (ms: number, requests: number): void =>
    history.update(
      { ...SNAPSHOT, requests, histogram: histogram.clone(), cpuSeconds: ms / 4000 },
      ms,
    );
  at(0, 0);
  for (let k = 0; k < 100; k++) histogram.record(10_000);
  at(1000, 50);
  at(2000, 100);
  for (let k = 0; k < 300; k++) histogram.record(90_000);
  at(4000, 400);
  at(6000, 400);
  const rounded = history.points.map(({ startMs, rate, p50, p99, cpu }) => [
    startMs,
    rate,
    p50 === null ? null : Math.round(p50),
    p99 === null ? null : Math.round(p99),
    cpu,
  ]);
  assertEquals(rounded, [
    [0, 50, 10, 10, 0.25],
    [2000, 150, 90, 90, 0.25],
    [4000, 0, null, null, 0.25],
  ]);
});

Deno.test("History keeps ten minutes after any pause", () => {
  const history = new History();
  for (let ms = 0; ms <= 3_600_000; ms += 500) history.update({ ...SNAPSHOT, requests: ms }, ms);
  assertEquals(history.points.length, 300);
  history.update({ ...SNAPSHOT, requests: 3_610_000 }, 3_610_000);
  assertEquals(history.points.slice(-6).map(({ startMs, rate }) => [startMs, rate]), [
    [3_598_000, 1000],
    [3_600_000, 1000],
    [3_602_000, 1000],
    [3_604_000, 1000],
    [3_606_000, 1000],
    [3_608_000, 1000],
  ]);
  history.update(SNAPSHOT, 1e9);
  assertEquals(history.points.length, 300);
});
