/**
 * A comparison as text: a line for each trial, the table, and JSON.
 *
 * @module
 */
import { escapeForTerminal, escapeJson } from "../../text/escape.ts";
import { formatBytes, formatCount, formatRequests } from "../../text/format.ts";
import { createPainter } from "../../text/style.ts";
import type { Conditions, Finished, Trial } from "./trial.ts";

/** The longest reason in the table, in characters: its lines have 80. */
const MAX_REASON_LENGTH = 60;

/** Formats a trial as one line. */
export function formatTrial(trial: Trial): string {
  const { strategy, requests } = trial;
  const name = `${strategy.padEnd(16)}${formatCount(requests).padStart(11)}  `;
  if (trial.outcome !== "finished") return name + escapeForTerminal(formatOutcome(trial));
  const { peakKb, seconds, failed } = trial;
  return `${name}Memory usage: ${formatBytes(peakKb * 1024)}  Time: ${
    seconds.toFixed(2)
  } seconds  CPU usage: ${computeCpuPercent(trial)}%${
    failed === 0 ? "" : `  ${formatCount(failed)} failed`
  }`;
}

function computeCpuPercent(
  { cpuSeconds, seconds }: Pick<Finished, "cpuSeconds" | "seconds">,
): number {
  return Math.round(cpuSeconds / seconds * 100);
}

function formatOutcome(trial: Exclude<Trial, Finished>): string {
  if (trial.outcome === "not run") return `not run: ${trial.why}`;
  const { seconds } = trial;
  if (trial.outcome === "broken") return `broke off after ${seconds.toFixed(2)} s: ${trial.why}`;
  const at = trial.peakKb === undefined ? "" : `, at ${formatBytes(trial.peakKb * 1024)}`;
  return `stopped at the ${trial.limit} limit, after ${seconds.toFixed(2)} s${at}`;
}

/** The columns in which the best trial is marked; less is better. */
const COLUMNS = {
  peakKb: (value: number) => formatBytes(value * 1024),
  seconds: (value: number) => `${value.toFixed(2)} s`,
  cpuSeconds: (value: number) => `${value.toFixed(2)} s`,
} as const;

type Column = keyof typeof COLUMNS;

/**
 * Formats the table of all trials, by numbers of requests. An asterisk marks the best of each column
 * among the trials without failures.
 */
export function formatComparison(trials: readonly Trial[], { color }: { color: boolean }): string {
  const paint = createPainter(color);
  const lines: string[] = [];
  for (const [requests, group] of Map.groupBy(trials, (trial) => trial.requests)) {
    const complete = group.filter((trial) => trial.outcome === "finished" && trial.failed === 0);
    const best = (column: Column): number =>
      Math.min(...complete.map((trial) => (trial as Record<Column, number>)[column]));
    lines.push(
      "",
      paint("bold", formatRequests(requests)),
      `  ${"strategy".padEnd(17)}${"peak memory".padStart(12)}${"time".padStart(13)}${
        "CPU".padStart(12)
      }${"of a CPU".padStart(11)}${"failed".padStart(10)}`,
    );
    for (const trial of group) {
      const name = `  ${trial.strategy.padEnd(17)}`;
      if (trial.outcome !== "finished") {
        lines.push(
          name + paint("yellow", `  ${escapeForTerminal(formatOutcome(trial), MAX_REASON_LENGTH)}`),
        );
        continue;
      }
      const cell = (column: Column, width: number): string => {
        const isBest = complete.length > 1 && complete.includes(trial) &&
          trial[column] === best(column);
        const text = `${COLUMNS[column](trial[column])}${isBest ? " *" : "  "}`.padStart(width);
        return isBest ? paint("green", text) : text;
      };
      const share = `${computeCpuPercent(trial)} %`;
      const failed = formatCount(trial.failed).padStart(10);
      lines.push(
        name + cell("peakKb", 14) + cell("seconds", 13) + cell("cpuSeconds", 12) +
          share.padStart(9) + (trial.failed > 0 ? paint("red", failed) : failed),
      );
    }
  }
  if (lines.some((line) => line.includes(" *"))) lines.push("", "* the best of the column");
  return `${lines.slice(1).join("\n")}\n`;
}

/** Formats all trials as a JSON document, with the versions and conditions they depend on. */
export function formatComparisonJson(
  trials: readonly Trial[],
  conditions: Conditions,
  version: string,
): string {
  return `${
    escapeJson(JSON.stringify(
      {
        version,
        deno: Deno.version.deno,
        v8: Deno.version.v8,
        os: Deno.build.os,
        arch: Deno.build.arch,
        cores: navigator.hardwareConcurrency,
        concurrency: conditions.concurrency,
        delay: conditions.delay,
        memory_limit_bytes: conditions.memoryLimitBytes,
        time_limit_seconds: conditions.timeLimitMs / 1000,
        trials: trials.map(toJson),
      },
      null,
      2,
    ))
  }\n`;
}

function toJson(trial: Trial): Record<string, unknown> {
  const { strategy, requests, outcome } = trial;
  const common = { strategy, requests, outcome };
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  if (trial.outcome === "finished") {
    const { answered, failed, seconds, cpuSeconds, peakKb } = trial;
    return {
      ...common,
      answered,
      failed,
      seconds: rounded(seconds),
      cpu_seconds: rounded(cpuSeconds),
      cpu_share: rounded(cpuSeconds / seconds),
      peak_rss_kb: peakKb,
    };
  }
  if (trial.outcome === "not run") return { ...common, why: trial.why };
  const seconds = rounded(trial.seconds);
  return trial.outcome === "stopped"
    ? { ...common, limit: trial.limit, seconds, seen_rss_kb: trial.peakKb ?? null }
    : { ...common, why: trial.why, seconds };
}
