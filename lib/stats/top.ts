/**
 * The hosts and the slow responses of a summary (`--top N`): of a run, and of its parts together.
 *
 * @module
 */
import { toIsoTime } from "../text/iso_time.ts";
import { withoutSecrets } from "../text/secrets.ts";
import { OTHERS } from "./error_tally.ts";
import type { HostFigures, SlowRequest } from "./snapshot.ts";

/** What came of the requests to a host, in a summary. */
export interface SummaryHost extends Pick<HostFigures, "host" | "requests" | "failed"> {
  readonly mean_ms: number;
  readonly max_ms: number;
}

/** A response that took long, in a summary. */
export interface SummarySlow extends Omit<SlowRequest, "at"> {
  /** When it started, as records have it; null if that is beyond what a date can be. */
  readonly at: string | null;
}

/** The busiest hosts, and the others together. */
export function listHosts(hosts: readonly HostFigures[], top: number): SummaryHost[] {
  const all = hosts.map(({ meanMs, maxMs, ...rest }) => ({
    ...rest,
    mean_ms: meanMs,
    max_ms: maxMs,
  }));
  return cutHosts(all, top);
}

/** A host of a summary, as a page shows it. */
export function toHostFigures({ mean_ms, max_ms, ...rest }: SummaryHost): HostFigures {
  return { ...rest, meanMs: mean_ms, maxMs: max_ms };
}

/** The busiest of some hosts, and the others together, which come last. */
export function cutHosts(hosts: readonly SummaryHost[], top: number): SummaryHost[] {
  const told = hosts.filter(({ host }) => host !== OTHERS)
    .sort((a, b) => b.requests - a.requests);
  const rest = [...told.slice(top), ...hosts.filter(({ host }) => host === OTHERS)];
  const busiest = told.slice(0, top);
  return rest.length === 0 ? busiest : [...busiest, rest.reduce(addHost, toEmptyHost(OTHERS))];
}

/**
 * The hosts of several parts, the busiest first; undefined if a part does not tell all of its hosts,
 * since the others of one part can be those of another.
 */
export function mergeHosts(
  parts: readonly (readonly SummaryHost[])[] | undefined,
): SummaryHost[] | undefined {
  const all = parts?.flat();
  if (all === undefined || all.some(({ host }) => host === OTHERS)) return undefined;
  const byName = Map.groupBy(all, ({ host }) => host);
  const sums = Array.from(byName, ([host, same]) => same.reduce(addHost, toEmptyHost(host)));
  return cutHosts(sums, Infinity);
}

function toEmptyHost(host: string): SummaryHost {
  return { host, requests: 0, failed: 0, mean_ms: 0, max_ms: 0 };
}

function addHost(a: SummaryHost, b: SummaryHost): SummaryHost {
  const [requests, failed] = [a.requests + b.requests, a.failed + b.failed];
  const ms = (one: SummaryHost): number => one.mean_ms * (one.requests - one.failed);
  return {
    host: a.host,
    requests,
    failed,
    mean_ms: requests > failed ? (ms(a) + ms(b)) / (requests - failed) : 0,
    max_ms: Math.max(a.max_ms, b.max_ms),
  };
}

/** The slowest responses, without secrets. */
export function listSlowest(slowest: readonly SlowRequest[], top: number): SummarySlow[] {
  return slowest.slice(0, top).map(({ i, url, status, ms, at }) => ({
    i,
    url: withoutSecrets(url),
    status,
    ms,
    at: toIsoTime(at),
  }));
}

/** A slow response of a summary, as a page shows it. */
export function toSlowRequest({ at, ...rest }: SummarySlow): SlowRequest {
  return { ...rest, at: at === null ? NaN : Date.parse(at) };
}

/** What a part of a run tells of its slowest responses. */
export interface SlowestPart {
  /** The slowest first. */
  readonly list: readonly SummarySlow[];
  /** How many responses the list is taken from. */
  readonly responses: number;
}

/**
 * The slowest responses of several parts, slowest first. What is faster than the last one of a list
 * that is cut is left out: that part may have slower ones that nobody knows.
 */
export function mergeSlowest(parts: readonly SlowestPart[]): SummarySlow[] {
  const floors = parts.map(({ list, responses }) =>
    list.length < responses ? list.at(-1)?.ms ?? Infinity : 0
  );
  const floor = Math.max(...floors);
  return parts.flatMap(({ list }) => list.filter(({ ms }) => ms >= floor))
    .sort((a, b) => b.ms - a.ms);
}
