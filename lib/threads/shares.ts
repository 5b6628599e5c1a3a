import type { RunOptions } from "../options/run_options.ts";
import { hasHostLimits } from "../schedule/hosts.ts";

/** One of the threads of a run. */
export interface ThreadPlace {
  /** From 0 to `count` - 1. */
  readonly index: number;
  /** From 1. */
  readonly count: number;
}

/** What is known of a run's targets before the first one. */
export interface KnownTargets {
  /** How many there are; undefined if that is not known. */
  readonly total?: number | undefined;
  readonly hasOneHost: boolean;
}

/** Whether one thread makes all requests, since they go to one host that has limits of its own. */
export function belongsToOneThread(
  options: Pick<RunOptions, "hostConcurrency" | "hostDelayMs">,
  { hasOneHost }: Pick<KnownTargets, "hasOneHost">,
): boolean {
  return hasOneHost && hasHostLimits(options);
}

/**
 * How many threads make the requests of a run: as many as the user asks for, as long as each has a
 * request in flight, a connection and a target. A host that has limits of its own belongs to one
 * thread.
 *
 * @returns from 1
 */
export function countThreads(
  options: Pick<
    RunOptions,
    "threads" | "concurrency" | "connections" | "hostConcurrency" | "hostDelayMs" | "requests"
  >,
  known: KnownTargets,
): number {
  if (belongsToOneThread(options, known)) return 1;
  const { threads, concurrency, connections = Infinity, requests } = options;
  const { total = Infinity } = known;
  return Math.max(1, Math.min(threads, concurrency, connections, requests, total));
}

/** The share of a number that one thread has: all shares are equal, or differ by 1. */
export function computeShare(whole: number, { index, count }: ThreadPlace): number {
  return Math.floor((whole + count - 1 - index) / count);
}

/** The options of one thread: it has a share of what is bounded for the whole run. */
export function shareOptions<Options extends Pick<RunOptions, "concurrency" | "connections">>(
  options: Options,
  place: ThreadPlace,
): Options {
  const { concurrency, connections } = options;
  return {
    ...options,
    concurrency: computeShare(concurrency, place),
    connections: connections && computeShare(connections, place),
  };
}
