import { compareRuns, formatDifferenceTable } from "../../lib/commands/report/difference.ts";
import { mergeSummaries } from "../../lib/commands/report/merge.ts";
import { RecordTally } from "../../lib/commands/report/record_tally.ts";
import { NAMES, RunRecord } from "../../lib/commands/report/run_record.ts";
import { parseSummary } from "../../lib/commands/report/summary.ts";
import { UsageError } from "../../lib/errors.ts";
import { FlatJson } from "../../lib/scan/flat_json.ts";
import { attempt, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

/** A summary as report makes it of records. */
function makeSummary(): string {
  const tally = new RecordTally(5);
  const record = new RunRecord();
  const scanner = new FlatJson(NAMES);
  for (const error of [undefined, "timeout", undefined]) {
    const status = error === undefined ? 200 : null;
    const line = { i: 0, url: "http://h/", status, ms: 1.5, bytes: 5, attempts: 1, error };
    const bytes = new TextEncoder().encode(JSON.stringify({ ...line, at: "2026-01-01T00:00:00Z" }));
    if (scanner.scan(bytes, 0, bytes.length) && record.take(scanner)) tally.add(record);
  }
  return JSON.stringify(tally.review().summary);
}

export const target: FuzzTarget = {
  reads: "summaries of runs, as report merges them",
  seeds: [makeSummary(), JSON.stringify({ requests: 0, succeeded: 0, failed: 0 })],
  tokens: [
    '"x":"y",',
    '"constructor":1,',
    '"histogram":',
    '"counts":',
    '"hosts":',
    '"slowest":',
    "null",
    "[]",
    "{}",
    ",",
    "1e308",
    "-0",
  ],
  maxSteps: (bytes) => 2_000_000 + 1_000 * bytes,

  run(input) {
    const text = decode(input);
    const read = attempt(() => parseSummary(text, "x"), UsageError);
    if ("error" in read) return read.error;
    const merged = attempt(() => mergeSummaries([read.value, read.value]), UsageError);
    if ("error" in merged) return merged.error;
    const { requests, succeeded, failed } = merged.value;
    const counts = [read.value.requests, read.value.succeeded, read.value.failed].map((it) =>
      2 * it
    );
    holdEqual([requests, succeeded, failed], counts, "twice a summary is not twice its counts");
    const json = JSON.stringify(merged.value);
    hold(!/NaN|Infinity/.test(json), "a figure is not a number");
    const table = formatDifferenceTable(["a", "b"], compareRuns(read.value, merged.value));
    hold(!/NaN|undefined|\[/.test(table), "a difference is not a number");
    return `${json}\n${table}`;
  },
};
