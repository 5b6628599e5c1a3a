/**
 * `myriad compare`: runs the client strategies side by side, each in a process of its own.
 *
 * @module
 */
import { formatHelp } from "../../cli/format_help.ts";
import { UsageError } from "../../errors.ts";
import { DeferredFile } from "../../output/deferred_file.ts";
import { isGranted } from "../../process/permission.ts";
import { COMPARE_HELP, type CompareOptions, parseCompare } from "./options.ts";
import { formatComparisonPage, plotComparison } from "./plot.ts";
import { formatComparison, formatComparisonJson, formatTrial } from "./report.ts";
import { readResidentKb } from "./self_process.ts";
import { findSkipReason } from "./skip_reason.ts";
import { STRATEGIES } from "./strategies.ts";
import { runTrial, type Trial } from "./trial.ts";

/** What the command gets from the program. */
export interface CompareContext {
  /** The program's version. */
  readonly version: string;
  /** Ends the command, and the processes that it has started. */
  readonly signal: AbortSignal;
  readonly color: boolean;
  /** Prints on standard output. */
  print(text: string): Promise<unknown>;
  /** Prints on standard error. */
  note(text: string): Promise<unknown>;
}

/**
 * Runs the command. When it is interrupted, it prints the trials that have ended.
 *
 * @param argv the command line, without the command
 * @throws {UsageError} If the command line is wrong, or a permission is missing.
 * @throws {OutputError} If the plot cannot be written.
 * @throws {Error} If the server does not start.
 */
export async function compare(argv: readonly string[], context: CompareContext): Promise<void> {
  const options = parseCompare(argv);
  if (options === "help") {
    await context.print(formatHelp(COMPARE_HELP));
    return;
  }
  if (!isGranted({ name: "run" })) {
    throw new UsageError("Cannot start processes: no permission: run with --allow-run");
  }
  const plot = options.plot === undefined
    ? undefined
    : await DeferredFile.open(options.plot, "--plot");
  if (await readResidentKb(Deno.pid) === undefined) {
    await context.note("myriad: there is no 'ps': only V8 enforces the memory limit\n");
  }
  const trials: Trial[] = [];
  try {
    for await (const trial of runTrials(options, context.signal)) {
      trials.push(trial);
      await (options.json ? context.note : context.print)(`${formatTrial(trial)}\n`);
    }
  } finally {
    await printComparison(trials, options, context);
    await plot?.write(formatPlot(trials, options));
  }
}

async function printComparison(
  trials: readonly Trial[],
  options: CompareOptions,
  { print, version, color }: CompareContext,
): Promise<void> {
  if (options.json) await print(formatComparisonJson(trials, options, version));
  else if (trials.length > 0) await print(`\n${formatComparison(trials, { color })}`);
}

function formatPlot(trials: readonly Trial[], options: CompareOptions): string {
  const isPage = /\.html$/i.test(options.plot!);
  return isPage ? formatComparisonPage(trials, options) : plotComparison(trials);
}

/** Runs the trials one after another, those of the fewest requests first. */
async function* runTrials(options: CompareOptions, signal: AbortSignal): AsyncGenerator<Trial> {
  const before = new Map<string, Trial[]>(options.strategies.map((name) => [name, []]));
  for (const requests of options.requests) {
    for (const strategy of options.strategies) {
      const own = before.get(strategy)!;
      const concurrency = STRATEGIES[strategy].isOneByOne ? 1 : options.concurrency;
      const why = findSkipReason(requests, own, { ...options, concurrency });
      const trial: Trial = why === undefined
        ? await runTrial(strategy, requests, options, signal)
        : { strategy, requests, outcome: "not run", why };
      own.push(trial);
      yield trial;
    }
  }
}
