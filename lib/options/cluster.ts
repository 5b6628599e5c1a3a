/**
 * Where a run is submitted to.
 *
 * @module
 */
import { readBusOptions } from "./bus.ts";
import { readClusterKey } from "./cluster_key.ts";
import type { CommandFiles } from "./recorded_command.ts";
import type { ClusterOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";

/**
 * The bus of a run, and what the run is sealed with.
 *
 * @throws {UsageError} If its address is wrong, or a file of it cannot be used.
 */
export async function parseCluster(
  url: string,
  values: RunValues,
  { readFile }: Pick<CommandFiles, "readFile">,
): Promise<Omit<ClusterOptions, "command">> {
  return {
    bus: await readBusOptions(values, url, { flag: "cluster", readFile }),
    key: await readClusterKey(values.get("cluster-key"), readFile),
    isPlain: values.get("cluster-plain"),
  };
}
