import type { Context } from "./bench.ts";
import type { Check } from "./checks.ts";
import { type Figure, PEAK_MEMORY, printRuns, summarize } from "./figures.ts";
import { inTurn } from "./in_turn.ts";
import type { Measured } from "./meter.ts";
import { grouped } from "./table.ts";

/** A command that reads files to their end, and what it is to print of them. */
export interface Reader {
  readonly command: readonly string[];
  /** A part of its standard output. */
  readonly expected: string;
}

/** What `myriad` reads at least, a second. */
const MIN_PER_SECOND = 300_000;

/**
 * Runs readers of the same files side by side, and prints how much each reads a second.
 *
 * @param unit what is counted
 * @param count how many of it the files hold
 * @returns the runs by name, and the checks of those whose name begins with `myriad`
 */
export async function readSideBySide(
  context: Context,
  { title, unit, count }: { title: string; unit: "lines" | "records"; count: number },
  readers: Readonly<Record<string, Reader>>,
): Promise<{ samples: Record<string, Measured[]>; checks: Check[] }> {
  const samples = await inTurn(
    context,
    3,
    Object.fromEntries(
      Object.entries(readers).map(([name, reader]) => [name, () => run(context, reader)]),
    ),
  );
  const perSecond: Figure<Measured> = {
    title: `${unit}/s`,
    hasRange: true,
    value: ({ seconds }) => count / seconds,
  };
  printRuns(title, samples, [perSecond, PEAK_MEMORY], { first: "command" });
  const own = Object.keys(readers).filter((name) => name.startsWith("myriad"));
  const checks = own.map((name): Check => ({
    what: `${unit}/s of ${name}, ${grouped(count)}`,
    reached: summarize(perSecond, samples[name]),
    bound: "at least",
    limit: MIN_PER_SECOND,
    unit: "/s",
  }));
  return { samples, checks };
}

async function run({ meter }: Context, { command, expected }: Reader): Promise<Measured> {
  const measured = await meter.run(command);
  if (!measured.stdout.includes(expected)) {
    throw new Error(`it does not print '${expected}', but ${measured.stdout}${measured.stderr}`);
  }
  return measured;
}
