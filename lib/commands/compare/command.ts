/**
 * `myriad compare`: the client strategies side by side, one process each.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { describeOsError } from "../../process/os_error.ts";
import { isGranted } from "../../process/permission.ts";
import { COMPARE_HELP, type CompareOptions, parseCompare } from "./options.ts";
import { comparisonPage, plotComparison } from "./plot.ts";
import { formatComparison, formatComparisonJson, formatTrial } from "./report.ts";
import { readResidentKb } from "./resident_memory.ts";
import { findSkipReason } from "./skip_reason.ts";
import { STRATEGIES } from "./strategies.ts";
import { runTrial, type Trial } from "./trial.ts";

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
  if (!isGranted({ name: "run" })) {
    throw new UsageError("Cannot start processes: no permission: run with --allow-run");
  }
  // Refused now, and not after an hour.
  if (plot !== undefined) {
    try {
      Deno.openSync(plot, { write: true, create: true }).close();
    } catch (error) {
      throw new UsageError(whyNotWritten(plot, error));
    }
  }
  if (await readResidentKb(Deno.pid) === undefined) {
    await context.note("myriad: there is no 'ps': only V8 holds a client to the memory limit\n");
  }
  const trials: Trial[] = [];
  try {
    for await (const trial of trialsOf(options, context.signal)) {
      trials.push(trial);
      await (json ? context.note : context.print)(`${formatTrial(trial)}\n`);
    }
  } finally {
    await show(trials, options, context);
  }
}

/** @throws {Error} If the plot cannot be written. */
async function show(
  trials: readonly Trial[],
  options: CompareOptions,
  { print, version, color }: CompareContext,
): Promise<void> {
  const { plot, json } = options;
  if (json) await print(formatComparisonJson(trials, options, version));
  else if (trials.length > 0) await print(`\n${formatComparison(trials, { color })}`);
  if (plot === undefined) return;
  const isPage = /\.html$/i.test(plot);
  const text = isPage ? comparisonPage(trials, options) : plotComparison(trials);
  try {
    Deno.writeTextFileSync(plot, text);
  } catch (error) {
    throw new Error(whyNotWritten(plot, error));
  }
}

/** The trials one after another, the fewest requests first. */
async function* trialsOf(options: CompareOptions, signal: AbortSignal): AsyncGenerator<Trial> {
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

function whyNotWritten(path: string, error: unknown): string {
  return error instanceof Deno.errors.NotCapable
    ? `Cannot write '--plot ${path}': no permission: run with --allow-write=${path}`
    : `Cannot write '--plot ${path}': ${describeOsError(error)}: give another name`;
}
