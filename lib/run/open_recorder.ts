import type { RunOptions } from "../options/run_options.ts";
import type { FlowRecorder } from "../stats/stats.ts";
import type { WarmUpStats } from "../stats/warm_up.ts";

/**
 * What counts the results of a run that begins now: its statistics, or what keeps its warm-up apart
 * from them.
 *
 * @param stats what counts, or logs what it lets statistics count
 */
export async function openRecorder(
  stats: WarmUpStats,
  { warmUpMs }: Pick<RunOptions, "warmUpMs">,
): Promise<FlowRecorder> {
  if (warmUpMs === undefined) return stats;
  const { WarmUp } = await import("../stats/warm_up.ts");
  return new WarmUp(stats, Date.now() + warmUpMs);
}
