/**
 * What responses are held against.
 *
 * @module
 */
import { BELOW_400 } from "../../check/status_set.ts";
import { FIELD_PATTERN, LATENCY, PATTERN, STATUSES, THRESHOLD } from "../kinds.ts";
import { GIVEN } from "./flag.ts";
import type { RunFlag } from "./flag.ts";

/** The rows, in the order of the help. */
export const EXPECT_ROWS = [
  {
    name: "fail",
    short: "f",
    excludes: ["expect-status"],
    help: "fail responses with a status of 400 or more, like curl's -f",
    identity: {
      of: ({ expect }) => expect.statuses === BELOW_400 ? GIVEN : null,
      inRetry: "judged",
    },
  },
  {
    name: "expect-status",
    value: "LIST",
    kind: STATUSES,
    repeatable: true,
    help: "fail responses whose status is not in LIST: 200,204,3xx",
    identity: {
      of: ({ expect: { statuses } }) => statuses === BELOW_400 ? null : statuses?.text,
      inRetry: "judged",
    },
  },
  {
    name: "expect-header",
    value: "FIELD",
    kind: FIELD_PATTERN,
    repeatable: true,
    secret: "field",
    help: "fail responses without a field that matches 'NAME: REGEX'",
    identity: {
      of: ({ expect: { headers } }) =>
        headers?.map(({ name, pattern: { source } }) => [name, source]),
      isSecret: true,
    },
  },
  {
    name: "expect-body",
    value: "REGEX",
    kind: PATTERN,
    repeatable: true,
    help: "fail responses whose body does not match",
    identity: {
      of: ({ expect: { bodies } }) => bodies?.map(({ source }) => source),
      isSecret: true,
    },
  },
  {
    name: "expect-latency",
    value: "D",
    kind: LATENCY,
    repeatable: true,
    help: "fail responses slower than D",
    identity: { of: ({ expect: { latencyMs } }) => latencyMs, inRetry: "judged" },
  },
  {
    name: "threshold",
    value: "EXPR",
    kind: THRESHOLD,
    repeatable: true,
    option: "thresholds",
    help: "exit with 1 unless the summary keeps to it, like p99<500ms, failed<1% or rate>1000",
  },
  {
    name: "abort-on-threshold",
    option: "abortOnThreshold",
    requires: ["threshold"],
    help: "end the run as soon as a threshold can no longer hold",
  },
] as const satisfies readonly RunFlag[];
