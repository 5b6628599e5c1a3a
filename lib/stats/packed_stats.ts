/**
 * Statistics with their details as JSON, which goes to another machine.
 *
 * @module
 */
import { ERROR_KINDS } from "../result.ts";
import { type Check, isCount, isList, isObject, isShape, isText } from "../text/json_shape.ts";
import { toDelta } from "./histogram.ts";
import { isHostDeltas } from "./host_tally.ts";
import { toPhaseDeltas } from "./phase_times.ts";
import { isSlowRequest, MAX_SLOWEST } from "./slowest.ts";
import { findWrongStat, type Stats, type StatsDelta, type StatsState } from "./stats.ts";

/** Statistics as plain data; several machines run no flow. */
export interface PackedStats extends Omit<StatsState, "top" | "flow"> {
  /** Missing if they are not kept. */
  readonly details?: StatsDelta["details"];
}

/** The maximum number of messages, and of examples of one. */
const MAX_MESSAGES = 200;
const MAX_EXAMPLES = 3;

const DETAILS: Check = isShape({
  hosts: isHostDeltas,
  slowest: isList(isSlowRequest, MAX_SLOWEST),
  messages: isList(
    isShape({
      kind: (value) => (ERROR_KINDS as readonly unknown[]).includes(value),
      message: isText,
      count: isCount,
      examples: isList(isShape({ url: isText, detail: isText }), MAX_EXAMPLES),
    }, { detail: isText }),
    MAX_MESSAGES,
  ),
});

/** Makes plain data of statistics, which are empty afterwards. */
export function packStats(stats: Stats): PackedStats {
  // The details have the same.
  const { top: _, ...state } = stats.toJSON();
  const { details } = stats.take();
  return details === undefined ? state : { ...state, details };
}

/** What {@linkcode Stats.add} takes. */
export function unpackStats(packed: PackedStats): StatsDelta {
  const { latency, phases, ownLate, details } = packed;
  return {
    ...packed,
    latency: toDelta(latency),
    phases: toPhaseDeltas(phases),
    ownLate: ownLate && toDelta(ownLate),
    details,
    flow: undefined,
  };
}

/** Whether a value of JSON is what {@linkcode packStats} gives. */
export function isPackedStats(value: unknown): value is PackedStats {
  if (!isObject(value) || findWrongStat(value) !== undefined) return false;
  const { details, requests, failed } = value as unknown as PackedStats;
  return failed <= requests && (details === undefined || DETAILS(details));
}
