/**
 * Where a run is submitted to.
 *
 * @module
 */
import { readBusOptions } from "./bus.ts";
import type { ClusterOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";

/**
 * The bus of a run; undefined if this process makes the requests.
 *
 * @throws {UsageError} If its address is wrong.
 */
export async function parseCluster(
  values: RunValues,
  argv: readonly string[],
): Promise<ClusterOptions | undefined> {
  const given = values.get("cluster");
  if (given === undefined) return undefined;
  return { bus: await readBusOptions(values, given, "cluster"), argv };
}
