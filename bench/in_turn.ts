import type { Context } from "./bench.ts";
import { Interrupted } from "./meter.ts";

/**
 * Runs each row once, then each again, so that other work on the machine slows down all rows alike.
 * A run that fails is reported and leaves no sample.
 *
 * @param rounds how often each row is run, from 1, unless the command line says so
 * @param rows what to run, by name; a run without a sample gives undefined
 * @throws {Interrupted} If all benches are interrupted.
 */
export async function inTurn<T>(
  context: Pick<Context, "rounds">,
  rounds: number,
  rows: Record<string, () => Promise<T | undefined>>,
): Promise<Record<string, T[]>> {
  const samples: Record<string, T[]> = {};
  const all = context.rounds ?? rounds;
  for (let round = 1; round <= all; round++) {
    for (const [name, run] of Object.entries(rows)) {
      samples[name] ??= [];
      // Not on stdout, which is the tables'.
      console.error(`round ${round} of ${all}: ${name}`);
      try {
        const sample = await run();
        if (sample !== undefined) samples[name].push(sample);
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        console.log(`\n${name}, round ${round}: ${(error as Error).message}`);
      }
    }
  }
  return samples;
}
