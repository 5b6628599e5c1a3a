/**
 * Where a run is submitted to.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { ClusterOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";
import { readClusterKey } from "./cluster_key.ts";
import type { CommandFiles } from "./recorded_command.ts";
import { readSecret } from "./value_file.ts";

const PORT = 4222;
const ADDRESS = /^(?:nats:\/\/)?([^@/:?#]+|\[[^\]]+\])(?::(\d+))?\/?$/;

/**
 * The bus of a run.
 *
 * @throws {UsageError} If its address is wrong.
 */
export async function parseCluster(
  values: RunValues,
  { readFile }: Pick<CommandFiles, "readFile">,
): Promise<Omit<ClusterOptions, "command">> {
  const given = values.get("cluster")!;
  const keyPath = values.get("cluster-key");
  return {
    servers: parseServers(await readSecret("cluster", given, readFile), "--cluster"),
    key: keyPath === undefined ? undefined : await readClusterKey(keyPath, readFile),
    isPlain: values.get("cluster-plain"),
  };
}

/** @throws {UsageError} If the URL is not that of a NATS server. */
export function parseServers(url: string, flag: string): string[] {
  const [, host, port = PORT] = ADDRESS.exec(url) ?? [];
  if (host === undefined) {
    throw new UsageError(
      `Cannot use '${flag}': not the URL of a NATS server: use nats://HOST[:PORT]`,
    );
  }
  return [`${host}:${port}`];
}
