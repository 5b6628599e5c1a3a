/**
 * How fast requests are made.
 *
 * @module
 */
import { count, DURATION } from "../../cli/kinds.ts";
import { DURATION_OR_NEVER, RATE, THINK, THREADS } from "../kinds.ts";
import { STAGES } from "../stages.ts";
import type { RunFlag } from "./flag.ts";

/** The rows, in the order of the help. */
export const LOAD_ROWS = [
  {
    name: "concurrency",
    inLibrary: ["Client"],
    short: "c",
    value: "C",
    kind: count({ min: 1, max: 1_000_000 }),
    default: "100",
    option: "concurrency",
    help: "maximum number of requests in flight",
  },
  {
    name: "threads",
    value: "N|auto",
    kind: THREADS,
    default: "1",
    option: "threads",
    help: "event loops that make the requests, each on a core of its own; " +
      "auto: one fewer than there are cores, but at least 1",
  },
  {
    name: "rate",
    inLibrary: ["Client", "pace"],
    short: "q",
    value: "R",
    kind: RATE,
    option: "rate",
    help: "start R requests a second, on a schedule that does not wait for responses: 500/s, 30/m",
  },
  {
    name: "ramp-up",
    inLibrary: ["Client", "pace"],
    value: "D",
    kind: DURATION,
    option: "rampUpMs",
    help: "rise to the rate, or without one to the concurrency, over D",
  },
  {
    name: "stages",
    inLibrary: ["pace"],
    value: "LIST",
    kind: STAGES,
    option: "stages",
    excludes: ["rate", "ramp-up"],
    help: "durations, and the rate or the concurrency that each rises or falls to, from 0: " +
      "30s:100/s,2m:1000/s,30s:0 or 30s:50,5m:50; the run ends with the last",
  },
  {
    name: "think",
    value: "D",
    kind: THINK,
    option: "think",
    excludes: ["rate"],
    help: "let each place of the concurrency wait after each request, as users do: 500ms, 1-3s",
  },
  {
    name: "iteration-timeout",
    value: "D",
    kind: DURATION,
    default: "10m",
    option: "iterationTimeoutMs",
    help: "fail an iteration of a flow that takes longer than D",
  },
  {
    name: "warm-up",
    value: "D",
    kind: DURATION,
    option: "warmUpMs",
    excludes: ["retry-failed"],
    help: "count no request that starts in the first D: it is made and recorded, " +
      "but in no figure and no threshold",
  },
  {
    name: "host-concurrency",
    inLibrary: ["Client"],
    value: "C",
    kind: count({ min: 1, max: 1_000_000 }),
    option: "hostConcurrency",
    help: "maximum number of requests in flight for each host",
  },
  {
    name: "host-delay",
    inLibrary: ["Client"],
    value: "D",
    kind: DURATION,
    option: "hostDelayMs",
    help: "minimum time between two starts for each host",
  },
  {
    name: "host-rate",
    inLibrary: ["Client"],
    value: "R",
    kind: RATE,
    option: "hostRate",
    excludes: ["host-delay"],
    help: "maximum number of starts a second for each host: 10/s, 30/m",
  },
  {
    name: "host-give-up",
    inLibrary: ["Client"],
    value: "D|never",
    kind: DURATION_OR_NEVER,
    default: "1m",
    off: "never",
    option: "hostGiveUpMs",
    help: "fail the rest of a host's requests, without sending them, " +
      "once it has failed for D while others succeed",
  },
  {
    name: "no-pause",
    inLibrary: ["Client"],
    excludes: ["give-up-after", "host-give-up"],
    help: "go on at full speed even if everything fails, or a server asks to wait by Retry-After",
  },
  {
    name: "give-up-after",
    inLibrary: ["Client"],
    value: "D",
    kind: DURATION,
    defaultWords: "never; 1m before the first success",
    option: "giveUpAfterMs",
    help: "end a run that pauses after D without any success",
  },
] as const satisfies readonly RunFlag[];
