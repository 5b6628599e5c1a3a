/**
 * The command line of `myriad compare`.
 *
 * @module
 */
import { type Flag, formatFlags, parseFlags } from "../../cli/flags.ts";
import { parseCount, parseDuration, parseSize } from "../../cli/units.ts";
import { UsageError } from "../../errors.ts";
import { isGranted } from "../../process/permission.ts";
import { parseDelay } from "../serve/draw.ts";
import { STRATEGIES } from "./strategies.ts";
import type { Conditions } from "./trial.ts";

/** The flags of `myriad compare`, as the contract has them, and what it says nothing of. */
export const COMPARE_FLAGS: readonly Flag[] = [
  {
    name: "requests",
    short: "n",
    value: "LIST",
    help: "how many requests, one number after another\n(default 10,100,10000)",
  },
  { name: "concurrency", short: "c", value: "C", help: "most in flight (default 1000)" },
  {
    name: "delay",
    value: "D",
    help: "how long the server takes, as of myriad serve\n(default 0-3s)",
  },
  { name: "strategies", value: "LIST", help: "which of them (default: all), see below" },
  {
    name: "memory-limit",
    value: "SIZE",
    help: "a strategy that goes beyond is stopped\n(default: half of the machine's memory)",
  },
  {
    name: "time-limit",
    value: "D",
    help: "so is one that takes longer (default 10m); one that\nwould take far longer is not run",
  },
  {
    name: "plot",
    value: "FILE",
    help:
      "memory and time by the number of requests, both\nlogarithmic, as .svg, or as .html with the table",
  },
  { name: "json", help: "the table as JSON, with what it depends on" },
  { name: "help", short: "h", help: "print this help" },
].map((flag) => ({ ...flag, section: "Options" }));

/** The help of `myriad compare`. */
export const COMPARE_HELP = `Run the client strategies side by side: memory, time and CPU.

Usage: myriad compare [OPTIONS]

For each strategy and number of requests a fresh delay server and a fresh client process; memory is
the peak that the operating system tells, time that of the whole process.
${formatFlags(COMPARE_FLAGS)}
Strategies, all but the last on native fetch:
${Object.entries(STRATEGIES).map(([name, { about }]) => `  ${name.padEnd(17)}${about}\n`).join("")}
It needs --allow-run, --allow-sys=systemMemoryInfo unless --memory-limit is given, and --allow-write
for --plot. Exit codes: 0; 2 the command line is wrong; 3 it could not go on; 130 interrupted.
`;

/** What is to be compared. */
export interface CompareOptions extends Conditions {
  /** Ascending. */
  readonly requests: readonly number[];
  readonly strategies: readonly string[];
  readonly plot: string | undefined;
  readonly json: boolean;
}

/** Most numbers of requests that are compared in one go. */
const MAX_COUNTS = 20;

/**
 * Reads the command line.
 *
 * @throws {UsageError} If it is wrong.
 */
export function parseCompare(argv: readonly string[]): CompareOptions | "help" {
  const { values, positionals } = parseFlags(COMPARE_FLAGS, argv, "myriad compare");
  if (values.help) return "help";
  if (positionals.length > 0) {
    throw new UsageError(`Cannot compare '${positionals[0]}': give flags only; see --help`);
  }
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const counts = (text("requests") ?? "10,100,10000").split(",")
    .map((count) => parseCount(count, "--requests", { min: 1 }));
  const requests = [...new Set(counts)].sort((a, b) => a - b);
  if (requests.length > MAX_COUNTS) {
    throw new UsageError(
      `'--requests' has ${requests.length} numbers: give at most ${MAX_COUNTS}`,
    );
  }
  const strategies = [...new Set(text("strategies")?.split(",") ?? Object.keys(STRATEGIES))];
  const unknown = strategies.find((name) => !Object.hasOwn(STRATEGIES, name));
  if (unknown !== undefined) {
    throw new UsageError(
      `There is no strategy '${unknown}': give some of ${Object.keys(STRATEGIES).join(", ")}`,
    );
  }
  const plot = text("plot");
  if (plot !== undefined && !/\.(svg|html)$/i.test(plot)) {
    throw new UsageError(`Cannot plot to '${plot}': give a name that ends in .svg or .html`);
  }
  const timeLimitMs = parseDuration(text("time-limit") ?? "10m", "--time-limit");
  if (timeLimitMs === 0) throw new UsageError("'--time-limit 0' leaves no time: give more");
  const memory = text("memory-limit");
  const delay = text("delay") ?? "0-3s";
  parseDelay(delay);
  return {
    requests,
    strategies,
    concurrency: parseCount(text("concurrency") ?? "1000", "--concurrency", {
      min: 1,
      max: 100_000,
    }),
    delay,
    memoryLimitBytes: memory === undefined ? halfOfMachine() : parseSize(memory, "--memory-limit"),
    timeLimitMs,
    plot,
    json: values.json === true,
  };
}

/** Half of the memory that the machine has, in bytes. */
function halfOfMachine(): number {
  const name = "systemMemoryInfo";
  if (!isGranted({ name: "sys", kind: name })) {
    throw new UsageError(
      `Cannot tell how much memory there is: no permission: run with --allow-sys=${name}, or give ` +
        "'--memory-limit 4G'",
    );
  }
  return Deno.systemMemoryInfo().total / 2;
}
