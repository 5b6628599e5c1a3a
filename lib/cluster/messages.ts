/**
 * What the submitter of a run and its workers tell each other through the bus.
 *
 * ```text
 * submitter: source, files, journal, statistics of the whole
 *   │ slices (numbers, or records)          ▲ parts: encoded records, numbers, statistics
 *   ▼                                       │
 * worker: pipeline over all of its slices ──┘ a commit for each, which the first one wins
 * ```
 *
 * @module
 */
import type { Activity } from "../run/pipeline.ts";
import { findWrongStat, type StatsState } from "../stats/stats.ts";
import {
  type Check,
  isBoolean,
  isCount,
  isList,
  isMap,
  isNumber,
  isShape,
  orNull,
} from "../text/json_shape.ts";
import { countRuns, isRuns } from "./number_runs.ts";

/** Where bytes are in the store of a run. */
export interface Stored {
  /** The sequence numbers of the messages that hold them, in order. */
  readonly seqs: readonly number[];
  /** How many bytes they are together. */
  readonly bytes: number;
  /** SHA-256 of them, in hexadecimal. */
  readonly sha256: string;
}

/** Some of the requests of a run: the unit that one worker does and commits. */
export interface Slice {
  /** Its id: unique in the run, also after the submitter was started anew. */
  readonly id: string;
  /** How many requests it has, from 1. */
  readonly count: number;
  /** Its numbers, as `first, count, first, count, …`; within a pair they follow each other by the step of the shard. */
  readonly runs: readonly number[];
  /** Its records, in the order of the numbers; undefined without an input. */
  readonly block: Stored | undefined;
}

/** That a slice was done: what the first worker wrote under the slice's id. */
export interface Commit {
  readonly id: string;
  readonly worker: string;
  /** How many workers have begun the slice and not given it back, with this one. */
  readonly tries: number;
  /** How many of its requests have a result: all, unless the worker had to leave. */
  readonly count: number;
  readonly part: Stored;
}

/** What the submitter tells all workers. */
export type Control =
  /** Slices are done. */
  | "run"
  /** No request starts any more: what is done so far is committed. */
  | "stop"
  /** The run has ended. */
  | "over";

/** What a worker has to say to whoever submitted the run. */
export interface Notice {
  /** Its number among the worker's, from 0: it can be told several times. */
  readonly k: number;
  readonly text: string;
}

/** A slice that a worker has open. */
export interface LiveSlice {
  readonly id: string;
  /** All that was counted of it so far; missing where that is what was told before. */
  readonly stats?: StatsState;
}

/** What a worker is doing at present, once a second. It may be lost. */
export interface Live {
  readonly worker: string;
  readonly activity: Activity;
  readonly engine: string;
  readonly transport: "portable" | "native";
  readonly loopBusy: number;
  /** How many requests got their result in the last second. */
  readonly rate: number;
  readonly rssBytes: number;
  readonly peakRssKb: number;
  /** Since the worker began with the run. */
  readonly cpuSeconds: number;
  /** Whether no more requests start. */
  readonly isShut: boolean;
  /** Why it leaves, in words, if it could not reach anything; null otherwise. */
  readonly gaveUp: string | null;
  /** The last ones, at most {@linkcode MAX_NOTICES}. */
  readonly notices: readonly Notice[];
  /** The slices that are not committed. */
  readonly open: readonly LiveSlice[];
}

/** That a host has asked to be left alone, by `Retry-After`. */
export interface Hold {
  /** The host, and its port. */
  readonly host: string;
  /** Until when, in milliseconds since the Unix epoch, on the clock of the bus. */
  readonly untilMs: number;
}

/** When the first turn of the rate is due. */
export interface Origin {
  /** In milliseconds since the Unix epoch, on the clock of the bus. */
  readonly atMs: number;
}

/** The messages of a run, by what they are. */
export interface Messages {
  readonly slice: Slice;
  readonly commit: Commit;
  readonly live: Live;
  readonly hold: Hold;
  readonly origin: Origin;
}

/** The maximum number of bytes of a message: a server takes no longer ones by default. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** The maximum number of bytes that are stored as one, and of the pieces that they are stored in. */
export const MAX_STORED_BYTES = 64 * 1024 * 1024;
const MAX_PIECES = 10_000;
/** The maximum number of requests in a slice. */
export const MAX_SLICE = 100_000;
/** The maximum number of runs of numbers in a slice that waits for its worker. */
export const MAX_SLICE_RUNS = 10_000;
/** The maximum number of slices that a worker tells about. */
const MAX_TOLD = 64;
/** The maximum number of resources that a worker can run out of. */
const MAX_KINDS = 20;
/** The maximum number of notices in a message, and of characters of each. */
export const MAX_NOTICES = 8;
export const MAX_NOTICE_LENGTH = 400;

/** An id, and the name of a worker: nothing in it means anything to a terminal, or to the bus. */
const isId: Check = (value) => typeof value === "string" && /^[\w-]{1,64}$/.test(value);
const isEngine: Check = (value) => typeof value === "string" && /^[a-z0-9+]{0,64}$/.test(value);
const isTransport: Check = (value) => value === "portable" || value === "native";
/** A host and its port: no white space, no control characters. */
const isHost: Check = (value) => typeof value === "string" && /^[!-~]{1,1000}$/.test(value);
const isPositive: Check = (value) => isCount(value) && value as number > 0;

/** Whether a value of JSON says where bytes are stored. */
export const isStored: Check = isShape({
  seqs: isList(isPositive, MAX_PIECES),
  bytes: (value) => isCount(value) && value as number <= MAX_STORED_BYTES,
  sha256: (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
});
const isSliceShape = isShape({
  id: isId,
  count: (value) => isPositive(value) && value as number <= MAX_SLICE,
  runs: (value) => isRuns(value, MAX_SLICE_RUNS),
}, { block: isStored });
const isCommitShape = isShape({
  id: isId,
  worker: isId,
  tries: isPositive,
  count: isCount,
  part: isStored,
});
const isActivity = isShape({
  inFlight: isCount,
  retrying: isCount,
  held: isCount,
  paused: isCount,
  shortages: (value) => isMap(isCount)(value) && Object.keys(value as object).length <= MAX_KINDS,
});
const isWords: Check = (value) => typeof value === "string" && value.length <= MAX_NOTICE_LENGTH;
const isLiveShape = isShape({
  worker: isId,
  activity: isActivity,
  engine: isEngine,
  transport: isTransport,
  loopBusy: isNumber,
  rate: isNumber,
  rssBytes: isCount,
  peakRssKb: isCount,
  cpuSeconds: isNumber,
  isShut: isBoolean,
  gaveUp: orNull(isWords),
  notices: isList(isShape({ k: isCount, text: isWords }), MAX_NOTICES),
  open: isList(
    isShape({ id: isId }, { stats: (value) => findWrongStat(value) === undefined }),
    MAX_TOLD,
  ),
});

/** What each message has to be: what another program sends to the bus is not trusted. */
export const CHECKS: { readonly [Kind in keyof Messages]: Check } = {
  slice: (value) => {
    if (!isSliceShape(value)) return false;
    const { count, runs } = value as Slice;
    return countRuns(runs) === count;
  },
  commit: isCommitShape,
  live: isLiveShape,
  hold: isShape({ host: isHost, untilMs: isNumber }),
  origin: isShape({ atMs: isNumber }),
};

/** Whether a text is what a submitter tells all workers. */
export function isControl(text: string): text is Control {
  return text === "run" || text === "stop" || text === "over";
}
