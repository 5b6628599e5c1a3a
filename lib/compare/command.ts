/**
 * `myriad compare`: the client strategies side by side, one process each.
 *
 * @module
 */
import { UsageError } from "../flags.ts";
import { osMessage } from "../os_error.ts";
import { whyNotRun } from "./foresight.ts";
import { COMPARE_HELP, type CompareOptions, parseCompare } from "./options.ts";
import { comparisonPage, plotComparison } from "./plot.ts";
import { formatComparison, formatComparisonJson, formatTrial } from "./report.ts";
import { STRATEGIES } from "./strategies.ts";
import { type Trial, tryStrategy } from "./trial.ts";

/** What the command is handed. */
export interface CompareContext {
  /** The program's version. */
  readonly version: string;
  /** Ends it, and the processes it has started. */
  readonly signal: AbortSignal;
  readonly color: boolean;
  /** Prints on standard output. */
  print(text: string): Promise<unknown>;
  /** Prints on standard error. */
  note(text: string): Promise<unknown>;
}

/**
 * Runs the command. What was found out until it is interrupted is printed too.
 *
 * @param argv the command line, without the command
 * @throws {UsageError} If the command line is wrong, or a permission is missing.
 * @throws {Error} If the server does not start, or the plot cannot be written.
 */
export async function compare(argv: readonly string[], context: CompareContext): Promise<void> {
  const options = parseCompare(argv);
  if (options === "help") {
    await context.print(COMPARE_HELP);
    return;
  }
  const { plot, json } = options;
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    throw new UsageError("Cannot start processes: no permission: run with --allow-run");
  }
  // Refused now, and not after an hour.
  if (plot !== undefined) {
    writePlot(plot, (path) => Deno.openSync(path, { write: true, create: true }).close());
  }
  const { print, note, version } = context;
  const trials: Trial[] = [];
  try {
    for await (const trial of trialsOf(options, context.signal)) {
      trials.push(trial);
      await (json ? note : print)(`${formatTrial(trial)}\n`);
    }
  } finally {
    if (trials.length > 0) {
      await print(
        json
          ? formatComparisonJson(trials, options, version)
          : `\n${formatComparison(trials, { color: context.color })}`,
      );
    }
    if (plot !== undefined) {
      const isPage = /\.html$/i.test(plot);
      const text = isPage ? comparisonPage(trials, options) : plotComparison(trials);
      writePlot(plot, (path) => Deno.writeTextFileSync(path, text));
    }
  }
}

/** The trials one after another, the fewest requests first. */
async function* trialsOf(options: CompareOptions, signal: AbortSignal): AsyncGenerator<Trial> {
  const before = new Map<string, Trial[]>(options.strategies.map((name) => [name, []]));
  for (const requests of options.requests) {
    for (const strategy of options.strategies) {
      const own = before.get(strategy)!;
      const concurrency = STRATEGIES[strategy].isOneByOne ? 1 : options.concurrency;
      const why = whyNotRun(requests, own, { ...options, concurrency });
      const trial: Trial = why === undefined
        ? await tryStrategy(strategy, requests, options, signal)
        : { strategy, requests, outcome: "not run", why };
      own.push(trial);
      yield trial;
    }
  }
}

function writePlot(path: string, write: (path: string) => void): void {
  try {
    write(path);
  } catch (error) {
    throw new UsageError(
      error instanceof Deno.errors.NotCapable
        ? `Cannot write '--plot ${path}': no permission: run with --allow-write=${path}`
        : `Cannot write '--plot ${path}': ${osMessage(error)}: give another name`,
    );
  }
}
