/**
 * What a run could be told to do better, by its figures.
 *
 * @module
 */
import { ENGINES } from "../engine/engines.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { formatCount, formatMs, formatRate, formatShare } from "../text/format.ts";

/** Fewer of what an advice is about can be chance, or the begin of a run. */
const MIN_COUNT = 100;
const MIN_SECONDS = 2;
/** The shares from which on something is worth an advice. */
const MIN_LATE_SHARE = 0.1;
const MIN_REFUSED_SHARE = 0.01;
const MIN_BUSY_SHARE = 0.95;
/** Requests do not come evenly, and some take longer than the mean. */
const PLACES_MARGIN = 1.25;
/** What one process can have in flight. */
const MAX_CONCURRENCY = 1_000_000;
/** The maximum number of sockets that are counted: to count more takes too long. */
const MAX_COUNTED = 10_000;
const TOO_MANY_REQUESTS = "429";
/** An engine that takes more processor time is told of from so many requests on. */
const MIN_REQUESTS = 1_000;

/** What is known at the end of a run. */
export interface RunToAdvise {
  readonly figures: Pick<
    Snapshot,
    | "requests"
    | "seconds"
    | "rate"
    | "statuses"
    | "late"
    | "attempts"
    | "concurrency"
    | "meanInFlightMs"
  >;
  readonly options: Pick<RunOptions, "rate" | "concurrency" | "engine" | "threads" | "cluster">;
  /** The share of the time, 0 to 1, in which the event loop of the run was busy. */
  readonly busyShare: number;
  readonly cores: number;
  /** Counts the sockets that this process can still open, up to `most`. */
  countSockets(most: number): number;
}

/** Sentences, each of which names a cause and what to do; empty where nothing is to be said. */
export function advise(run: RunToAdvise): string[] {
  return [adviseConcurrency(run), adviseRate(run), adviseThreads(run), adviseEngine(run)]
    .filter((sentence) => sentence !== undefined);
}

/** Late starts because all places were in use: by Little's law, so many places serve the rate. */
function adviseConcurrency(
  { figures, options: { rate, concurrency: ofProcess }, countSockets }: RunToAdvise,
): string | undefined {
  const { late, attempts, concurrency, meanInFlightMs } = figures;
  const share = attempts > 0 ? Math.min(1, late.count / attempts) : 0;
  if (rate === undefined || late.count < MIN_COUNT || share < MIN_LATE_SHARE) return undefined;
  // With a rate, the time of a request includes what it waited for its place.
  const inFlightMs = meanInFlightMs - late.count * late.meanMs / attempts;
  const needed = rate * inFlightMs / 1000 * PLACES_MARGIN;
  if (needed <= concurrency || needed > MAX_CONCURRENCY) return undefined;
  // Each process of a run on several machines has as many.
  const wanted = roundUp(needed * ofProcess / concurrency);
  const isShort = wanted <= MAX_COUNTED && countSockets(wanted) < wanted;
  const limit = isShort ? ", and the limit of open files by 'ulimit -n'" : "";
  return `${formatShare(share)} of the starts were late, as all ${
    formatCount(concurrency)
  } places were in use: raise -c to about ${wanted}${limit}, since ${formatRate(rate)}/s at ${
    formatMs(inFlightMs)
  } each need as many, if the server can take them`;
}

/** A server that refuses requests as too many: about what it has accepted is its limit. */
function adviseRate({ figures: { requests, rate, statuses } }: RunToAdvise): string | undefined {
  const refused = statuses[TOO_MANY_REQUESTS] ?? 0;
  const share = requests > 0 ? refused / requests : 0;
  if (refused < MIN_COUNT || share <= MIN_REFUSED_SHARE) return undefined;
  const accepted = rate * (requests - refused) / requests;
  const told = `${formatShare(share)} of the responses were 429 Too Many Requests`;
  return accepted < 1 / 60
    ? `${told}: try a lower rate by -q`
    : `${told}: try -q ${toRateFlag(accepted)}, about what was accepted`;
}

function adviseThreads(
  { figures: { seconds }, options: { threads, cluster }, busyShare, cores }: RunToAdvise,
): string | undefined {
  if (threads > 1 || cluster !== undefined || cores < 2) return undefined;
  if (seconds < MIN_SECONDS || busyShare < MIN_BUSY_SHARE) return undefined;
  return `the event loop was busy for ${
    formatShare(busyShare)
  } of the time, so latencies include its own queueing: ` +
    `--threads ${Math.max(2, cores - 1)} makes requests on several cores`;
}

/** An engine that was asked for, although the default one takes less. */
function adviseEngine(
  { figures: { requests }, options: { engine } }: RunToAdvise,
): string | undefined {
  const { costsMore } = ENGINES[engine];
  if (!costsMore || requests < MIN_REQUESTS) return undefined;
  return `the requests were made by ${engine}, as --engine says so: ` +
    "the default engine takes less processor time for each of them";
}

/** The least number with two significant digits that is not below another. */
function roundUp(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / step) * step;
}

/** A rate as `-q` takes it, with two significant digits, rounded down. */
function toRateFlag(rate: number): string {
  const [value, unit] = rate >= 1 ? [rate, "s"] : [rate * 60, "m"];
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return `${Math.floor(value / step) * step}/${unit}`;
}
