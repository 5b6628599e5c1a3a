/**
 * `myriad work`: makes requests of runs that others have submitted.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import { type CommandHelp, formatHelp } from "../../cli/format_help.ts";
import { DURATION } from "../../cli/kinds.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { Bus } from "../../cluster/bus/bus.ts";
import { openParticipant, type Participant } from "../../cluster/participant.ts";
import { RunFinder } from "../../cluster/run_finder.ts";
import { parseBusArguments, readBusOptions } from "../../options/bus.ts";
import { BUS_FLAGS } from "../../options/bus_flags.ts";
import { readClusterKey } from "../../options/cluster_key.ts";
import { readFromDisk } from "../../options/read_file.ts";
import { formatCount } from "../../text/format.ts";

/** The flags of `myriad work`. */
export const WORK_FLAGS = [
  {
    name: "wait",
    value: "DURATION",
    kind: DURATION,
    default: "10s",
    help: "how long RUN may take to be there; without RUN, it waits for runs as long as it lives",
  },
  ...BUS_FLAGS,
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The help of `myriad work`. */
export const WORK_HELP: CommandHelp = {
  about: "Make requests of runs that 'myriad … --cluster URL' has submitted.",
  usage: ["myriad work [OPTIONS] URL [RUN]"],
  text: `URL is that of the NATS server, as --cluster takes it; @FILE and @- stand for one
in a file or on stdin. With RUN, it ends with that run; without, it works on one
run after the other until a signal ends it. SIGINT and SIGTERM let requests in
flight end for up to 5 s; what is done is committed, and the rest goes to other
workers. The second signal ends it at once.

The flags of the run count: --concurrency in each worker, --rate for all of them.`,
  flags: WORK_FLAGS,
  after: `Exit codes: 0 RUN is over; 2 the command line is wrong, RUN is not there, or this
worker does not fit it; 3 it could not go on (nothing can be reached, the NATS
user may not do what is needed); 130, 143, 129 SIGINT, SIGTERM or SIGHUP ended it.`,
};

/** How the command ends early, and says what it does. */
export interface WorkHooks {
  readonly version: string;
  say(text: string): void;
  /** Called with what leaves the run, which returns how many requests are in flight. */
  onLeave(leave: () => number): void;
}

/**
 * Works on a run until it is over, or on one after the other until it is told to leave.
 *
 * @param argv the command line, without the command
 * @returns what to print on standard output
 * @throws {UsageError} If the command line is wrong, the bus cannot be reached or does not have the
 * run, or this program does not fit it.
 * @throws {NoProgressError} If nothing can be reached.
 * @throws {BusError} If the bus refuses what is needed.
 */
export async function work(
  argv: readonly string[],
  { version, say, onLeave }: WorkHooks,
): Promise<string> {
  const values = parseFlags(WORK_FLAGS, argv, "myriad work");
  if (values.get("help")) return formatHelp(WORK_HELP);
  checkFlags(values);
  const { url, run } = parseBusArguments(values, "myriad work");
  const key = await readClusterKey(values.get("cluster-key"), readFromDisk);
  const options = await readBusOptions(values, url);
  const bus = await Bus.connect(options);
  const finder = new RunFinder(bus, { key, version, say });
  let isLeaving = false;
  let participant: Participant | undefined;
  onLeave(() => {
    isLeaving = true;
    finder.stop();
    return participant?.leave() ?? 0;
  });
  try {
    while (!isLeaving) {
      if (run === undefined) say(`waiting for runs on ${options.servers.join(", ")}`);
      const found = run === undefined
        ? await finder.findAny()
        : await finder.find(run, values.get("wait"));
      if (found === undefined || isLeaving) break;
      const task = found.bus.run;
      // Anew for each run: what a submitter knows of a worker is of one stay.
      const name = crypto.randomUUID().slice(0, 8);
      participant = await openParticipant(found, { bus: options, name, key, version, say });
      if (isLeaving) break;
      say(`working on run '${task}' as worker ${name}`);
      const { slices, requests, lost } = await participant.run();
      participant = undefined;
      say(
        `${isLeaving ? "left" : "at the end of"} run '${task}': ` +
          `${countNouns(requests, "request")} of ${countNouns(slices, "slice")} were made here` +
          (lost === 0
            ? ""
            : `; ${countNouns(lost, "slice")} more were done by another worker first`),
      );
      if (run !== undefined) break;
    }
  } finally {
    finder.stop();
    await bus.close();
  }
  return "";
}

function countNouns(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
