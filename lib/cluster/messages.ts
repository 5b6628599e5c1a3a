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
import type { RequestIdOptions } from "../source/request_id.ts";
import type { StatsState } from "../stats/stats.ts";

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
  /** Which delivery of the slice it was, from 1. */
  readonly delivery: number;
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
  readonly cpuSeconds: number;
  /** Whether no more requests start. */
  readonly isShut: boolean;
  /** Why it leaves, in words, if it could not reach anything; null otherwise. */
  readonly gaveUp: string | null;
  /** What is counted of slices that are not committed. */
  readonly open: readonly { readonly id: string; readonly stats: StatsState }[];
}

/** What describes a run to its workers. */
export interface Spec {
  /** The version of the program: a worker has to be of the same. */
  readonly version: string;
  /** The command line of the run. */
  readonly argv: readonly string[];
  /** What the header of the input has; empty without one. */
  readonly columns: readonly string[];
  readonly hasOneHost: boolean;
  /** The ids of requests; null without ids. */
  readonly ids: RequestIdOptions | null;
  /** How long a worker may be silent before its slices go to others, in milliseconds. */
  readonly lostAfterMs: number;
}
