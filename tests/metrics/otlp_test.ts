import { assertEquals } from "@std/assert";
import { collectMetrics } from "../../lib/metrics/families.ts";
import { BOUNDS } from "../../lib/metrics/latency_buckets.ts";
import { formatOtlp } from "../../lib/metrics/otlp.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { moment } from "../fixtures/moment.ts";

/** A value of a metric, as OTLP has it. */
interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

const CONTEXT = { version: "1.2.3", instance: "a", startMs: 1_700_000_000_000, nowMs: 1.8e12 };

// deno-lint-ignore no-explicit-any
function format(changes: Partial<Snapshot>, floors = new Map<string, number>()): any {
  const snapshot = { ...new Stats().snapshot(moment()), thresholds: [], aborted: undefined };
  const build = { version: "1.2.3", startMs: 1_700_000_000_500 };
  const families = collectMetrics({ ...snapshot, ...changes }, build, floors);
  return JSON.parse(formatOtlp(families, CONTEXT));
}

Deno.test("formatOtlp() gives each metric by its kind, with strings for 64-bit integers", () => {
  const histogram = new Histogram();
  for (const micros of [80, 900, 1_500_000, 90e6]) histogram.record(micros);
  const { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] } = format({
    histogram,
    statuses: { 200: 3, 503: 1 },
    inFlight: 7,
  });
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  assertEquals(resource.attributes, [
    text("service.name", "myriad"),
    text("service.version", "1.2.3"),
    text("service.instance.id", "a"),
  ]);
  assertEquals(scope, { name: "myriad", version: "1.2.3" });
  // deno-lint-ignore no-explicit-any
  const byName = new Map<string, any>(metrics.map((one: { name: string }) => [one.name, one]));
  const times = { startTimeUnixNano: "1700000000000000000", timeUnixNano: "1800000000000000000" };
  assertEquals(byName.get("myriad_responses_total"), {
    name: "myriad_responses_total",
    description: "Responses by status code, as expected or not.",
    sum: {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [
        { attributes: [text("code", "200")], ...times, asDouble: 3 },
        { attributes: [text("code", "503")], ...times, asDouble: 1 },
      ],
    },
  });
  assertEquals(byName.get("myriad_requests_in_flight").gauge.dataPoints, [
    { attributes: [], ...times, asDouble: 7 },
  ]);
  const { unit, histogram: { dataPoints: [point], aggregationTemporality } } = byName.get(
    "myriad_request_duration_seconds",
  );
  assertEquals([unit, aggregationTemporality, point.count, point.sum], ["s", 2, "4", 91.50098]);
  assertEquals(point.explicitBounds, BOUNDS);
  // Each has its own count, and the last is above all bounds.
  assertEquals(point.bucketCounts.length, BOUNDS.length + 1);
  assertEquals(point.bucketCounts.filter((count: string) => count !== "0"), ["1", "1", "1", "1"]);
  assertEquals([point.bucketCounts[0], point.bucketCounts.at(-1)], ["1", "1"]);
  assertEquals(byName.get("myriad_resident_memory_bytes").unit, "By");
  assertEquals(byName.get("myriad_cpu_seconds_total").unit, "s");
  assertEquals(byName.get("myriad_event_loop_busy_ratio").unit, "1");
});

Deno.test("formatOtlp() never lets a counter fall", () => {
  const floors = new Map<string, number>();
  const read = (succeeded: number): Point => {
    const { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] } = format({ succeeded }, floors);
    return metrics.find(({ name }: { name: string }) => name === "myriad_requests_total")
      .sum.dataPoints[0];
  };
  assertEquals([5, 3, 6].map((count) => read(count).asDouble), [5, 5, 6]);
});
