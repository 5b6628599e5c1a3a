import type { RunOptions } from "../options/run_options.ts";
import type { Recorder, Stats } from "../stats/stats.ts";

/**
 * What counts the results of a run that begins now: its statistics, or what keeps its warm-up apart
 * from them.
 */
export async function openRecorder(
  stats: Stats,
  { warmUpMs }: Pick<RunOptions, "warmUpMs">,
): Promise<Recorder> {
  if (warmUpMs === undefined) return stats;
  const { WarmUp } = await import("../stats/warm_up.ts");
  return new WarmUp(stats, Date.now() + warmUpMs);
}
