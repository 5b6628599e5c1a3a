/**
 * How a run is spread over several machines.
 *
 * @module
 */
import type { Flag } from "../../cli/flags.ts";
import { count, duration, SIZE } from "../../cli/kinds.ts";
import { BUS_FLAGS } from "../bus_flags.ts";
import { RUN_NAME } from "../kinds.ts";
import type { RunFlag } from "./flag.ts";

function listRequired({ requires = [] }: Flag): readonly (string | readonly string[])[] {
  return requires;
}

/** The rows, in the order of the help. */
export const CLUSTER_ROWS = [
  {
    name: "cluster",
    notWithFlow: "the workers do not have its module, but --shard can be used on each machine",
    value: "URL",
    fromFile: true,
    secret: "userinfo",
    help: "submit the run to the NATS server at URL, for 'myriad work URL' on any machine, " +
      "and collect the results: nats://HOST[:PORT]; @FILE, @-: from a file or stdin",
  },
  ...BUS_FLAGS.map((row) => ({ ...row, requires: ["cluster", ...listRequired(row)] })),
  {
    name: "cluster-run",
    value: "NAME",
    kind: RUN_NAME,
    option: "runName",
    requires: ["cluster"],
    defaultWords: "8 letters and digits by chance",
    help: "the name of the run on the NATS server",
  },
  {
    name: "cluster-replicas",
    value: "N",
    kind: count({ min: 1, max: 5 }),
    default: "1",
    option: "replicas",
    requires: ["cluster"],
    help: "how many servers of a NATS cluster keep a copy of the run",
  },
  {
    name: "cluster-plain",
    requires: ["cluster"],
    excludes: ["cluster-key"],
    help: "submit a run with secrets in clear: the server keeps them on its disk",
  },
  {
    name: "slice",
    value: "N",
    kind: count({ min: 1, max: 100_000 }),
    option: "slice",
    requires: ["cluster"],
    defaultWords: "a thousandth of the run, 1k to 20k",
    help: "requests that a worker takes at once: what is repeated if it dies",
  },
  {
    name: "lost-after",
    value: "D",
    // A timer cannot wait for 2^31 ms, 596 hours.
    kind: duration(500),
    default: "30s",
    option: "lostAfterMs",
    requires: ["cluster"],
    help: "how long a worker may be silent before others redo its slices",
  },
  {
    name: "cluster-hold",
    value: "SIZE",
    kind: SIZE,
    default: "1G",
    option: "holdBytes",
    requires: ["cluster"],
    help: "maximum size of what the server keeps of the run",
  },
] as const satisfies readonly RunFlag[];
