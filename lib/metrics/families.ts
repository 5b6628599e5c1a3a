/**
 * The metrics of a snapshot, from which each format is rendered.
 *
 * @module
 */
import type { Metric, NameOf } from "../stats/figure.ts";
import { FIGURE_ROWS } from "../stats/figures.ts";
import { Histogram } from "../stats/histogram.ts";
import { computeProgress, countWorkers, type Snapshot, WORKER_STATES } from "../stats/snapshot.ts";
import { countUpToBounds } from "./latency_buckets.ts";

/** What the metrics tell of the process that makes the run. */
export interface Build {
  /** The program's version. */
  readonly version: string;
  /** When the process's part of the run began, in milliseconds since the Unix epoch. */
  readonly startMs: number;
}

/** Durations in seconds, counted up to each of {@linkcode BOUNDS}. */
export interface Buckets {
  /** How many there are up to each bound, ascending. */
  readonly counts: readonly number[];
  /** How many there are in all. */
  readonly count: number;
  readonly sum: number;
}

/** One value, and the labels that tell it apart from others of its metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | Buckets;
}

/** A metric with its values of a moment; without one, they are not known. */
export type Family =
  & Pick<Metric, "name" | "type" | "help">
  & { readonly samples: readonly Sample[] };

/** A metric that says itself how it is read. */
type ReadableMetric = Metric & Required<Pick<Metric, "of">>;

/** The maximum number of workers that have a value of their own. */
const MAX_WORKERS = 100;

/** The metrics of a moment, which a summary of the whole run does not have. */
const OF_THE_MOMENT: readonly ReadableMetric[] = [
  {
    name: "myriad_requests_planned",
    type: "gauge",
    help: "Requests that there will be, where the source tells.",
    of: ({ total }) => total,
  },
  {
    name: "myriad_progress_ratio",
    type: "gauge",
    help: "The share that is done, 0 to 1, where the source tells.",
    of: computeProgress,
  },
  {
    name: "myriad_requests_in_flight",
    type: "gauge",
    help: "Requests in flight.",
    of: ({ inFlight }) => inFlight,
  },
  {
    name: "myriad_requests_retrying",
    type: "gauge",
    help: "Requests that wait to be made again.",
    of: ({ retrying }) => retrying,
  },
  {
    name: "myriad_requests_held",
    type: "gauge",
    help: "Requests that wait for their host.",
    of: ({ held }) => held,
  },
  {
    name: "myriad_hosts_paused",
    type: "gauge",
    help: "Hosts that are not asked at present.",
    of: ({ paused }) => paused,
  },
  {
    name: "myriad_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory.",
    of: ({ rssBytes }) => rssBytes,
  },
  {
    name: "myriad_event_loop_busy_ratio",
    type: "gauge",
    help: "The share of the time that an event loop was busy, 0 to 1: at 1 it is the bottleneck.",
    label: "thread",
    of: ({ loopBusy, workersBusy, workers }) =>
      workersBusy.length === 0 || workers !== undefined
        ? loopBusy
        : Object.fromEntries([["main", loopBusy], ...workersBusy.entries()]),
  },
  {
    name: "myriad_workers",
    type: "gauge",
    help: "Workers of a run on several machines, by what they do.",
    label: "state",
    of: ({ workers }) =>
      workers &&
      Object.fromEntries(WORKER_STATES.map((state) => [state, countWorkers(workers, state)])),
  },
  {
    name: "myriad_worker_event_loop_busy_ratio",
    type: "gauge",
    help: "How busy the event loop of a worker is, 0 to 1; of the first 100 that are there.",
    label: "worker",
    of: ({ workers }) =>
      workers && Object.fromEntries(
        workers.filter(({ state }) => state === "busy").slice(0, MAX_WORKERS)
          .map(({ name, loopBusy }) => [name, loopBusy]),
      ),
  },
];

/** All metrics of a snapshot. */
const METRICS: readonly ReadableMetric[] = [
  ...FIGURE_ROWS.flatMap(([, { metrics = [], of }]) =>
    metrics.map((metric) => ({
      of: (snapshot: Snapshot) => snapshot[of as NameOf<number>],
      ...metric,
    }))
  ),
  ...OF_THE_MOMENT,
];

/**
 * What counters were at most, by metric and labels. On several machines, what a worker has counted
 * and not delivered is lost with it; a counter that falls would be taken for one that began anew.
 */
export type Floors = Map<string, number>;

/**
 * All of them. Label values are error kinds and status codes, thresholds as the command line has
 * them, names of workers, and versions: nothing that a server sends, so their number is bounded.
 *
 * @param floors what counters were before, which they do not fall below; updated
 */
export function collectMetrics(
  snapshot: Snapshot,
  { version, startMs }: Build,
  floors: Floors,
): readonly Family[] {
  const families: readonly Family[] = [
    {
      name: "myriad_build_info",
      type: "gauge",
      help: "The version of the program, and of Deno.",
      samples: [{ labels: { version, deno: Deno.version.deno }, value: 1 }],
    },
    {
      name: "myriad_start_time_seconds",
      type: "gauge",
      help: "When the run, or its part since it was resumed, began, since the Unix epoch.",
      samples: [{ value: startMs / 1_000 }],
    },
    ...METRICS.map((metric) => ({ ...metric, samples: takeSamples(metric, snapshot) })),
  ];
  return families.filter(({ samples }) => samples.length > 0)
    .map((family) => family.type === "gauge" ? family : raiseToFloors(family, floors));
}

function takeSamples({ of, label }: ReadableMetric, snapshot: Snapshot): readonly Sample[] {
  const value = of(snapshot);
  if (value === undefined) return [];
  if (typeof value === "number") return [{ value }];
  if (value instanceof Histogram) return [{ value: toBuckets(value) }];
  return Object.entries(value).map(([text, value]) => ({ labels: { [label!]: text }, value }));
}

function toBuckets(histogram: Histogram): Buckets {
  const { count, sum } = histogram;
  return { counts: countUpToBounds(histogram), count, sum: sum / 1e6 };
}

function raiseToFloors(family: Family, floors: Floors): Family {
  const raise = (key: string, value: number): number => {
    const floor = Math.max(value, floors.get(key) ?? 0);
    floors.set(key, floor);
    return floor;
  };
  const samples = family.samples.map(({ labels, value }) => {
    const key = `${family.name} ${Object.values(labels ?? {}).join(" ")}`;
    if (typeof value === "number") return { labels, value: raise(key, value) };
    const { counts, count, sum } = value;
    const raised = {
      counts: counts.map((count, k) => raise(`${key} ${k}`, count)),
      count: raise(`${key} count`, count),
      sum: raise(`${key} sum`, sum),
    };
    return { labels, value: raised };
  });
  return { ...family, samples };
}
