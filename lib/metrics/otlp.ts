/**
 * Metrics as OTLP has them in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding):
 * names in lowerCamelCase, 64-bit integers as strings.
 *
 * @module
 */
import type { Buckets, Family, Sample } from "./families.ts";
import { BOUNDS } from "./latency_buckets.ts";

/** Values are counted from the start of the run, not from the last message. */
const CUMULATIVE = 2;

/** The units of values, by what the names of metrics end in, as UCUM writes them. */
const UNITS: readonly (readonly [pattern: RegExp, unit: string])[] = [
  [/_seconds(?:_total|_max)?$/, "s"],
  [/_bytes(?:_total)?$/, "By"],
  [/_ratio$/, "1"],
];

/** What one message tells in addition to the metrics. */
export interface OtlpContext {
  /** The program's version. */
  readonly version: string;
  /** Tells the metrics of this process from those of others. */
  readonly instance: string;
  /** When the run began, and what time it is, in milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly nowMs: number;
}

/** The message `ExportMetricsServiceRequest`. */
export function formatOtlp(
  families: readonly Family[],
  { version, instance, startMs, nowMs }: OtlpContext,
): string {
  const times = { startTimeUnixNano: toNanos(startMs), timeUnixNano: toNanos(nowMs) };
  const attributes = toAttributes({
    "service.name": "myriad",
    "service.version": version,
    "service.instance.id": instance,
  });
  return JSON.stringify({
    resourceMetrics: [{
      resource: { attributes },
      scopeMetrics: [{
        scope: { name: "myriad", version },
        metrics: families.map((family) => toMetric(family, times)),
      }],
    }],
  });
}

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

function toMetric({ name, type, help, samples }: Family, times: Times): unknown {
  const unit = UNITS.find(([pattern]) => pattern.test(name))?.[1];
  const metric = { name, description: help, unit };
  const dataPoints = samples.map((sample) => toPoint(sample, times));
  if (type === "gauge") return { ...metric, gauge: { dataPoints } };
  if (type === "histogram") {
    return { ...metric, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
  }
  return {
    ...metric,
    sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true },
  };
}

function toPoint({ labels = {}, value }: Sample, times: Times): unknown {
  const point = { attributes: toAttributes(labels), ...times };
  return typeof value === "number"
    ? { ...point, asDouble: value }
    : { ...point, ...toHistogram(value) };
}

/** Each bucket has its own count; the last one is above all bounds. */
function toHistogram({ counts, count, sum }: Buckets): Record<string, unknown> {
  const own = [...counts, count].map((upTo, k) => `${upTo - (counts[k - 1] ?? 0)}`);
  return { count: `${count}`, sum, bucketCounts: own, explicitBounds: BOUNDS };
}

function toAttributes(labels: Readonly<Record<string, string>>): unknown[] {
  return Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

/** Nanoseconds since the Unix epoch; a double has no room for them. */
function toNanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1_000)) * 1_000n}`;
}
