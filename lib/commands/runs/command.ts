/**
 * `myriad runs`: which runs are on a bus, what their workers do, and how a run is ended from
 * anywhere.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import { type CommandHelp, formatHelp } from "../../cli/format_help.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { Bus, type RunListing } from "../../cluster/bus/bus.ts";
import type { RunBus } from "../../cluster/bus/run_bus.ts";
import type { Live } from "../../cluster/messages.ts";
import { BusError, UsageError } from "../../errors.ts";
import { parseBusArguments, readBusOptions } from "../../options/bus.ts";
import { BUS_FLAGS } from "../../options/bus_flags.ts";
import { readClusterKey } from "../../options/cluster_key.ts";
import { readFromDisk } from "../../options/read_file.ts";
import { formatDeleted, formatRun, formatRuns } from "./format.ts";
import type { RunState, RunStatus } from "./run_status.ts";

/** The flags of `myriad runs`. */
export const RUNS_FLAGS = [
  { name: "stop", help: "end the run as Ctrl-C would: what is done is collected" },
  {
    name: "delete",
    excludes: ["stop"],
    help: "remove all of the run from the server, without asking; what is not collected is lost",
  },
  { name: "json", help: "print the result as JSON" },
  ...BUS_FLAGS,
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** How long workers are listened to, in milliseconds. Each tells once a second what it does. */
const LISTEN_MS = 1_500;
/** The maximum number of workers that are shown of one run. */
const MAX_WORKERS = 10_000;

/** The help of `myriad runs`. */
export const RUNS_HELP: CommandHelp = {
  about: "List the runs that 'myriad … --cluster URL' has submitted, or end one.",
  usage: ["myriad runs [OPTIONS] URL [RUN]"],
  text: `URL is that of the NATS server, as --cluster takes it; @FILE and @- stand for one
in a file or on stdin. With RUN, it shows what each worker does.`,
  flags: RUNS_FLAGS,
  after: `Exit codes: 0; 2 the command line is wrong, there is no such run, or the server
cannot be reached; 3 the server did not do it, or standard output cannot be
written.`,
};

/**
 * Runs the command.
 *
 * @param argv the command line, without the command
 * @returns what to print on standard output
 * @throws {UsageError} If the command line is wrong, the bus cannot be reached, or does not have the
 * run.
 * @throws {BusError} If the bus did not do it.
 */
export async function runs(argv: readonly string[]): Promise<string> {
  const values = parseFlags(RUNS_FLAGS, argv, "myriad runs");
  if (values.get("help")) return formatHelp(RUNS_HELP);
  checkFlags(values);
  const { url, run } = parseBusArguments(values, "myriad runs");
  for (const name of ["stop", "delete"] as const) {
    if (values.get(name) && run === undefined) {
      throw new UsageError(`'--${name}' needs a RUN: add its name; 'myriad runs URL' lists them`);
    }
  }
  const key = await readClusterKey(values.get("cluster-key"), readFromDisk);
  const bus = await Bus.connect(await readBusOptions(values, url));
  try {
    const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
    if (run === undefined) {
      const statuses = await lookAt(bus, await bus.listAll(), key);
      return values.get("json") ? toJson({ runs: statuses }) : formatRuns(statuses);
    }
    const listing = (await bus.listAll()).find((listing) => listing.run === run);
    if (listing === undefined) throw new UsageError(describeMissing(run));
    if (values.get("stop")) {
      const opened = await bus.openRun(run);
      if (!listing.isWhole || opened === undefined) {
        throw new UsageError(
          `The run '${run}' is not whole, and nobody works on it: remove it by --delete`,
        );
      }
      await opened.control.write("stop");
      return values.get("json")
        ? toJson({ run, stopped: true })
        : `The run '${run}' stops: workers commit what they have done, and its submitter collects it\n`;
    }
    if (values.get("delete")) {
      await (await bus.openRun(run))?.control.write("over");
      const streams = await bus.deleteRun(run);
      return values.get("json") ? toJson({ run, deleted: streams }) : formatDeleted(run, streams);
    }
    const [status] = await lookAt(bus, [listing], key);
    return values.get("json") ? toJson({ runs: [status] }) : formatRun(status);
  } finally {
    await bus.close();
  }
}

function describeMissing(run: string): string {
  return `There is no run '${run}' on the bus: 'myriad runs URL' lists the runs`;
}

/** Looks at runs, and listens to their workers for a moment. */
async function lookAt(
  bus: Bus,
  listings: readonly RunListing[],
  key: Uint8Array | undefined,
): Promise<RunStatus[]> {
  const opened = await Promise.all(listings.map(async (listing) => {
    const run = listing.isWhole ? await bus.openRun(listing.run, key) : undefined;
    const workers = new Map<string, Live>();
    const stop = run?.live.listen((live) => {
      if (workers.size < MAX_WORKERS || workers.has(live.worker)) workers.set(live.worker, live);
    });
    return { listing, workers, stop, ...await readState(run) };
  }));
  if (opened.some(({ stop }) => stop !== undefined)) {
    await new Promise((resolve) => setTimeout(resolve, LISTEN_MS));
  }
  return opened.map(({ listing, workers, stop, state, sealed, held }) => {
    stop?.();
    const { run, since, slices, open, storedBytes, holdBytes } = listing;
    return {
      run,
      state,
      sealed,
      since: since?.toISOString() ?? null,
      slices,
      done: slices - open,
      held,
      stored_bytes: storedBytes,
      hold_bytes: holdBytes,
      rate: workers.values().reduce((sum, { rate }) => sum + rate, 0),
      workers: Array.from(workers.values(), (live) => ({
        worker: live.worker,
        rate: live.rate,
        in_flight: live.activity.inFlight,
        open: live.open.length,
        loop_busy: live.loopBusy,
        rss_bytes: live.rssBytes,
        engine: live.engine,
        transport: live.transport,
        leaving: live.isShut,
      })).sort((a, b) => a.worker < b.worker ? -1 : 1),
    };
  });
}

async function readState(
  run: RunBus | undefined,
): Promise<{ state: RunState; sealed: boolean; held: number }> {
  if (run === undefined) return { state: "damaged", sealed: false, held: 0 };
  try {
    const held = await run.queue.countHeld();
    const sealed = await run.isSealed();
    if (sealed === undefined) return { state: "preparing", sealed: false, held };
    const control = await run.control.read();
    const state = control === "run" ? "running" : control === "stop" ? "stopping" : "over";
    return { state, sealed, held };
  } catch (error) {
    if (!(error instanceof BusError) || error.trouble === "denied") throw error;
    return { state: error.trouble === "gone" ? "over" : "away", sealed: false, held: 0 };
  }
}
