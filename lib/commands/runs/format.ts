/**
 * Runs and their workers as tables.
 *
 * @module
 */
import { escapeForTerminal } from "../../text/escape.ts";
import { formatBytes, formatCount, formatRate, formatShare } from "../../text/format.ts";
import type { RunStatus } from "./run_status.ts";

/** The runs of a bus, a line each. */
export function formatRuns(runs: readonly RunStatus[]): string {
  if (runs.length === 0) return "No run is on the bus.\n";
  return formatColumns([
    ["run", "state", "slices", "done", "workers", "rate", "since"],
    ...runs.map(({ run, state, sealed, slices, done, workers, rate, since }) => [
      run,
      state,
      formatCount(slices),
      formatCount(done),
      sealed && workers.length === 0 ? "?" : formatCount(workers.length),
      `${formatRate(rate)}/s`,
      formatTime(since),
    ]),
  ]);
}

/** One run, with a line for each worker. */
export function formatRun(status: RunStatus): string {
  const { run, state, since, slices, done, held, stored_bytes, hold_bytes, workers } = status;
  const waiting = Math.max(0, slices - done - held);
  const counts = `${formatCount(slices)} published, ${formatCount(done)} done, ` +
    `${formatCount(held)} with workers, ${formatCount(waiting)} waiting`;
  const rows = workers.map((worker) => [
    worker.worker,
    `${formatRate(worker.rate)}/s`,
    formatCount(worker.in_flight),
    formatCount(worker.open),
    formatShare(worker.loop_busy),
    formatBytes(worker.rss_bytes),
    worker.leaving ? "leaving" : "",
  ]);
  return formatColumns([
    ["run", run],
    ["state", `${state}, since ${formatTime(since)}`],
    ["slices", counts],
    ["store", `${formatBytes(stored_bytes)} of ${formatBytes(hold_bytes)}`],
    ["rate", `${formatRate(status.rate)} requests/s`],
    [
      "workers",
      status.sealed && workers.length === 0
        ? "unknown: the run is sealed, and --cluster-key FILE shows them"
        : formatCount(workers.length),
    ],
  ]) + (rows.length === 0 ? "" : `\n${
    formatColumns([
      ["worker", "rate", "in flight", "slices", "loop busy", "memory", ""],
      ...rows,
    ])
  }`);
}

/** What was removed of a run. */
export function formatDeleted(run: string, streams: readonly string[]): string {
  return `The run '${run}' is deleted: the streams ${streams.join(", ")}\n`;
}

/** A time in UTC, to the second. */
function formatTime(iso: string | null): string {
  return iso === null ? "?" : `${iso.slice(0, 19).replace("T", " ")} UTC`;
}

/** Lines of cells below each other. Cells can hold what others sent: they are escaped. */
function formatColumns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => escapeForTerminal(cell)));
  const widths = cells[0].map((_, k) => Math.max(...cells.map((row) => row[k].length)));
  return cells.map((row) =>
    row.map((cell, k) => cell.padEnd(widths[k])).join("  ").trimEnd() + "\n"
  ).join("");
}
