/**
 * The command line of `myriad compare`.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import type { CommandHelp } from "../../cli/format_help.ts";
import { count, DURATION, type Kind, SIZE } from "../../cli/kinds.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { parseCount } from "../../cli/units.ts";
import { UsageError } from "../../errors.ts";
import { isGranted } from "../../process/permission.ts";
import { parseDelay } from "../serve/draw.ts";
import { STRATEGIES } from "./strategies.ts";
import type { Conditions } from "./trial.ts";

/** The longest list of numbers of requests that are compared in one go. */
const MAX_COUNTS = 20;

/** Whole numbers from 1, ascending. */
const COUNTS: Kind<readonly number[]> = {
  name: "counts",
  read(list, flag) {
    const counts = new Set(list.split(",").map((text) => parseCount(text, flag, { min: 1 })));
    if (counts.size <= MAX_COUNTS) return [...counts].sort((a, b) => a - b);
    throw new UsageError(`'${flag}' has ${counts.size} numbers: use at most ${MAX_COUNTS}`);
  },
};

/** Names of strategies, each once. */
const STRATEGY_NAMES: Kind<readonly string[]> = {
  name: "strategies",
  read(list) {
    const names = new Set(list.split(","));
    for (const name of names) {
      if (Object.hasOwn(STRATEGIES, name)) continue;
      throw new UsageError(
        `There is no strategy '${name}': use some of ${Object.keys(STRATEGIES).join(", ")}`,
      );
    }
    return [...names];
  },
};

/** The flags of `myriad compare`. */
export const COMPARE_FLAGS = [
  {
    name: "requests",
    short: "n",
    value: "LIST",
    kind: COUNTS,
    default: "10,100,10000",
    help: "number of requests, one number after another",
  },
  {
    name: "concurrency",
    short: "c",
    value: "C",
    kind: count({ min: 1, max: 100_000 }),
    default: "1000",
    help: "maximum number of requests in flight",
  },
  {
    name: "delay",
    value: "D",
    default: "0-3s",
    help: "how long each response takes, as in myriad serve",
  },
  {
    name: "strategies",
    value: "LIST",
    kind: STRATEGY_NAMES,
    defaultWords: "all",
    help: "which strategies to run, see below",
  },
  {
    name: "memory-limit",
    value: "SIZE",
    kind: SIZE,
    defaultWords: "half of the machine's memory",
    help: "stop a strategy that needs more memory",
  },
  {
    name: "time-limit",
    value: "D",
    kind: DURATION,
    default: "10m",
    help: "stop a strategy that takes longer, and skip one that would take far longer",
  },
  {
    name: "plot",
    value: "FILE",
    path: { access: "write" },
    help:
      "plot memory and time by the number of requests, both logarithmic: as .svg, or as .html " +
      "with the table",
  },
  { name: "json", help: "the table as JSON, with what it depends on" },
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The help of `myriad compare`. */
export const COMPARE_HELP: CommandHelp = {
  about: "Run the client strategies side by side: memory, time and CPU.",
  usage: ["myriad compare [OPTIONS]"],
  text: `For each strategy and number of requests, it starts a fresh delay server and a
fresh client process. Memory is the peak that the operating system reports, time
is that of the whole process.`,
  flags: COMPARE_FLAGS,
  after: `Strategies, all but the last on native fetch:
${Object.entries(STRATEGIES).map(([name, { about }]) => `  ${name.padEnd(17)}${about}\n`).join("")}
It needs --allow-run, --allow-sys=systemMemoryInfo unless --memory-limit is given,
and --allow-write for --plot. Exit codes: 0; 2 the command line is wrong; 3 it
could not go on; 130 interrupted.`,
};

/** The options of `myriad compare`. */
export interface CompareOptions extends Conditions {
  /** Numbers of requests, ascending. */
  readonly requests: readonly number[];
  readonly strategies: readonly string[];
  readonly plot: string | undefined;
  readonly json: boolean;
}

/**
 * Parses the command line.
 *
 * @throws {UsageError} If the command line is wrong.
 */
export function parseCompare(argv: readonly string[]): CompareOptions | "help" {
  const values = parseFlags(COMPARE_FLAGS, argv, "myriad compare");
  if (values.get("help")) return "help";
  if (values.positionals.length > 0) {
    throw new UsageError(`Cannot compare '${values.positionals[0]}': use flags only; see --help`);
  }
  checkFlags(values);
  const plot = values.get("plot");
  if (plot !== undefined && !/\.(svg|html)$/i.test(plot)) {
    throw new UsageError(`Cannot plot to '${plot}': use a name that ends in .svg or .html`);
  }
  const delay = values.get("delay");
  parseDelay(delay);
  return {
    requests: values.get("requests"),
    strategies: values.get("strategies") ?? Object.keys(STRATEGIES),
    concurrency: values.get("concurrency"),
    delay,
    memoryLimitBytes: values.get("memory-limit") ?? readHalfOfMemory(),
    timeLimitMs: values.get("time-limit"),
    plot,
    json: values.get("json"),
  };
}

/** Reads half of the machine's memory, in bytes. */
function readHalfOfMemory(): number {
  const name = "systemMemoryInfo";
  if (!isGranted({ name: "sys", kind: name })) {
    throw new UsageError(
      `Cannot tell how much memory there is: no permission: run with --allow-sys=${name}, or use ` +
        "'--memory-limit 4G'",
    );
  }
  return Deno.systemMemoryInfo().total / 2;
}
