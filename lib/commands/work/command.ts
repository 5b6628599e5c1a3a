/**
 * `myriad work`: makes requests of runs that others have submitted.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import { formatFlags } from "../../cli/format_flags.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { Bus } from "../../cluster/bus.ts";
import { RunWorker } from "../../cluster/run_worker.ts";
import { UsageError } from "../../errors.ts";
import { readClusterKey } from "../../options/cluster_key.ts";
import { readBusOptions } from "../../options/bus.ts";
import { BUS_FLAGS } from "../../options/bus_flags.ts";
import { parseSubmitted } from "../../options/parse.ts";
import { readFromDisk } from "../../options/read_file.ts";

/** The flags of `myriad work`. */
export const WORK_FLAGS = [
  ...BUS_FLAGS,
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

const HELP = `Make requests of runs that 'myriad … --cluster URL' has submitted.

Usage: myriad work [OPTIONS] URL [RUN]
`;

/** How the command ends early, and says what it does. */
export interface WorkHooks {
  readonly version: string;
  say(text: string): void;
  /** Called with what leaves the run. */
  onLeave(leave: () => void): void;
}

/**
 * Works on a run until it is over.
 *
 * @throws {UsageError} If the command line is wrong, or the run is not on the bus.
 */
export async function work(
  argv: readonly string[],
  { version, say, onLeave }: WorkHooks,
): Promise<string> {
  const values = parseFlags(WORK_FLAGS, argv, "myriad work");
  if (values.get("help")) return HELP + formatFlags(WORK_FLAGS);
  checkFlags(values);
  const [url, run] = values.positionals;
  if (url === undefined) throw new UsageError("No URL is given: add that of the NATS server");
  const keyPath = values.get("cluster-key");
  const key = keyPath === undefined ? undefined : await readClusterKey(keyPath, readFromDisk);
  const bus = await Bus.connect(await readBusOptions(values, url));
  const name = run ?? (await bus.listRuns())[0];
  const found = name === undefined ? undefined : await bus.openRun(name, key);
  const spec = await found?.readSpec(version);
  if (found === undefined || spec === undefined) {
    throw new UsageError(`There is no run '${run}' on the bus: see 'myriad runs ${url}'`);
  }
  const options = { ...await parseSubmitted(spec.command, version), details: spec.details };
  const worker = new RunWorker(found, { name: crypto.randomUUID().slice(0, 8), spec, options });
  found.onNotice = say;
  onLeave(() => worker.leave());
  say(`working on run '${name}'`);
  await worker.run();
  await bus.close();
  return "";
}
