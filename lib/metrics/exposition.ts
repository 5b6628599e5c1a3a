/**
 * A snapshot in Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * @module
 */
import type { Snapshot } from "../stats/snapshot.ts";
import {
  type Buckets,
  type Build,
  collectMetrics,
  type Family,
  type Floors,
  type Sample,
} from "./families.ts";
import { BOUNDS } from "./latency_buckets.ts";

/** The media type of the format. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All metrics.
 *
 * @param floors what counters were before, which they do not fall below; updated
 */
export function formatMetrics(
  snapshot: Snapshot,
  build: Build,
  floors: Floors = new Map(),
): string {
  return collectMetrics(snapshot, build, floors).map(formatFamily).join("");
}

function formatFamily({ name, type, help, samples }: Family): string {
  const lines = samples.flatMap(({ labels, value }) =>
    typeof value === "number"
      ? `${name}${formatLabels(labels)} ${value}\n`
      : formatBuckets(name, value)
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function formatBuckets(name: string, { counts, count, sum }: Buckets): string[] {
  const line = (suffix: string, value: number, labels?: Sample["labels"]): string =>
    `${name}${suffix}${formatLabels(labels)} ${value}\n`;
  return [
    ...counts.map((count, k) => line("_bucket", count, { le: `${BOUNDS[k]}` })),
    line("_bucket", count, { le: "+Inf" }),
    line("_sum", sum),
    line("_count", count),
  ];
}

function formatLabels(labels: Sample["labels"]): string {
  if (labels === undefined) return "";
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escapeLabel(text)}"`);
  return `{${pairs.join(",")}}`;
}

/** Characters that could end a label's value, or its line. */
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => ESCAPES[character]);
}
