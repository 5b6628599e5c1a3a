/**
 * Which requests are made again.
 *
 * @module
 */
import { count, DURATION } from "../../cli/kinds.ts";
import { CAUSES } from "../kinds.ts";
import type { RunFlag } from "./flag.ts";

/** The rows, in the order of the help. */
export const RETRY_ROWS = [
  {
    name: "retries",
    inLibrary: ["Client"],
    value: "N",
    kind: count({ max: 1_000 }),
    default: "0",
    off: "0",
    help: "maximum number of attempts after the first",
  },
  {
    name: "retry-on",
    inLibrary: ["Client"],
    value: "LIST",
    kind: CAUSES,
    default: "network,timeout,429,502,503,504",
    help: "errors and statuses to retry after; " +
      "a response that still has such a status in the end has failed",
  },
  {
    name: "retry-delay",
    inLibrary: ["Client"],
    value: "D",
    kind: DURATION,
    default: "1s",
    requires: ["retries"],
    help: "the longest first wait; doubles each time, with full jitter",
  },
  {
    name: "retry-max-delay",
    inLibrary: ["Client"],
    value: "D",
    kind: DURATION,
    default: "1m",
    requires: ["retries"],
    help: "the longest wait",
  },
  {
    name: "retry-unsafe",
    inLibrary: ["Client"],
    requires: [["retries", "cluster"]],
    help: "also retry requests that are not idempotent, like POST; " +
      "with --cluster also repeat those of a worker that dies",
  },
] as const satisfies readonly RunFlag[];
