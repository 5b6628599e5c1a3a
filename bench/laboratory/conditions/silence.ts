import type { Condition } from "../condition.ts";
import { faulty } from "../servers/faulty.ts";

/** Servers that accept connections, and then do not do their part. */
export const SILENCES: readonly Condition[] = [
  {
    name: "all is accepted, nothing is said",
    site: faulty("silent"),
    requests: 400,
    concurrency: 100,
    timeoutSeconds: 2,
    mayFail: true,
    kinds: ["timeout"],
  },
  ...(["half a head", "half a body"] as const).map((fault): Condition => ({
    name: `${fault} of each fifth`,
    site: faulty(fault),
    requests: 400,
    timeoutSeconds: 2,
    mayFail: true,
    kinds: ["timeout", "body"],
  })),
  {
    name: "reset in mid-body of each fifth",
    site: faulty("reset in mid-body"),
    mayFail: true,
    kinds: ["body"],
  },
];
