import { assert, assertEquals } from "@std/assert";
import { type CompletedRequest, RecordSeries } from "../../lib/series/record_series.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { generator } from "../fixtures/random_json.ts";

/** Milliseconds in flight within an interval, one request after the other. */
function busyIn(requests: readonly CompletedRequest[], from: number, to: number): number {
  return requests.reduce(
    (sum, { at, ms }) => sum + Math.max(0, Math.min(to, at + ms) - Math.max(from, at)),
    0,
  );
}

for (const spreadMs of [50, 3_000, 90_000, 4e9]) {
  Deno.test(`RecordSeries.series() is the same for records in any order over ${spreadMs} ms`, () => {
    const random = generator(spreadMs);
    const start = Date.UTC(2026, 0, 1, 0, 0, 0, 50);
    const requests: CompletedRequest[] = Array.from({ length: 500 }, (_, k) => ({
      at: start + random(spreadMs),
      ms: k % 20 === 0 ? random(spreadMs) : random(30_000) / 1000,
      error: k % 7 === 0 ? "timeout" : undefined,
    }));
    const of = (all: readonly CompletedRequest[]): RecordSeries => {
      const series = new RecordSeries();
      for (const one of all) series.add(one, one.error === undefined);
      return series;
    };
    const [one, other] = [of(requests), of(requests.toReversed())];
    const { startMs, endMs } = one.range!;
    const [a, b] = [one.series()!, other.series()!];
    assertEquals(b.intervalMs, a.intervalMs);
    assertEquals([a.rate, a.p99, a.failed, a.startMs], [b.rate, b.p99, b.failed, b.startMs]);
    assert(a.rate.length <= 400 && a.rate.length > (spreadMs > 60_000 ? 190 : 0));
    let ended = 0;
    for (let k = 0; k < a.rate.length; k++) {
      const from = Math.max(startMs, a.startMs + k * a.intervalMs);
      const to = Math.min(endMs, a.startMs + (k + 1) * a.intervalMs);
      ended += (a.rate[k] ?? 1_000) * (to - from) / 1000;
      if (to === from) continue;
      const mean = busyIn(requests, from, to) / (to - from);
      for (const { inFlight } of [a, b]) {
        assert(Math.abs(inFlight[k]! - mean) < 1e-3 * (1 + mean), `${k}: ${inFlight[k]}, ${mean}`);
      }
    }
    assert(Math.abs(ended - requests.length) < 1.01, `${ended}`);
    const latencies = new Histogram();
    for (const { ms, error } of requests) if (error === undefined) latencies.record(ms * 1000);
    assertEquals(Math.max(...a.max.map((ms) => ms ?? 0)), latencies.max / 1000);
  });
}

Deno.test("RecordSeries.series() has a bounded number of points at any times", () => {
  const series = new RecordSeries();
  for (const at of [Date.UTC(2026), 0, Date.UTC(9999, 11)]) {
    series.add({ at, ms: 1, error: undefined }, true);
  }
  series.add({ at: 5, ms: 1e15 - 1, error: undefined }, true);
  const { rate, intervalMs } = series.series()!;
  assert(rate.length <= 400 && rate.length * intervalMs >= 1e15);
});
