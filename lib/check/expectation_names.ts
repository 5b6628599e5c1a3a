/**
 * What an expectation is called where responses did not meet it: as its flag was given.
 *
 * @module
 */
import type { Expectation } from "../target.ts";
import { escapeForTerminal } from "../text/escape.ts";
import { isSecretHeader } from "../text/secrets.ts";
import { BELOW_400 } from "./status_set.ts";

/** The maximum number of characters of a name. */
const MAX_NAME = 200;

type Part<Name extends keyof Expectation> = NonNullable<Expectation[Name]>;

/** As `--fail`, or as `--expect-status` with the list. */
export function nameStatuses(statuses: Part<"statuses">): string {
  return statuses === BELOW_400 ? "--fail" : formatFlag("--expect-status", statuses.text);
}

/** Without the pattern of a field whose value is a secret. */
export function nameHeader({ name, pattern }: Part<"headers">[number]): string {
  const value = isSecretHeader(name) ? name : `${name}: ${pattern.source}`;
  return formatFlag("--expect-header", value);
}

/** As `--expect-body` with the pattern. */
export function nameBody({ source }: Part<"bodies">[number]): string {
  return formatFlag("--expect-body", source);
}

/** As `--expect-latency` with milliseconds. */
export function nameLatency(ms: number): string {
  return `--expect-latency ${ms}ms`;
}

/** The names of all that the flags of a run expect, in the order in which it is checked. */
export function nameExpectations(
  { statuses, headers = [], bodies = [], latencyMs }: Expectation,
): readonly string[] {
  return [
    ...statuses === undefined ? [] : [nameStatuses(statuses)],
    ...headers.map(nameHeader),
    ...bodies.map(nameBody),
    ...latencyMs === undefined ? [] : [nameLatency(latencyMs)],
  ];
}

function formatFlag(name: string, value: string): string {
  return escapeForTerminal(`${name} ${value}`, MAX_NAME);
}
