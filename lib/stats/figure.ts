/**
 * What a row of the table of figures can say.
 *
 * @module
 */
import type { Unit } from "../text/format.ts";
import type { Histogram } from "./histogram.ts";
import type { Snapshot, Statistics, ThresholdUnit } from "./snapshot.ts";
import type { KnownSummary, SummaryContext } from "./summary.ts";

/**
 * What a value looks like in JSON. It decides how the value is checked when a summary is read, and
 * whether it is rounded when a summary is written.
 */
export type Kind =
  | "count"
  /** A count that can be beyond 2^53. */
  | "sum"
  | "number"
  | "number or null"
  | "boolean"
  | "text"
  | "text or null"
  | "time or null"
  | "counts"
  | "statuses"
  | "errors"
  | "latency"
  | "phases"
  | "late"
  | "own lateness or null"
  | "cluster or null"
  | "flow or null"
  | "flow tally or null"
  | "thresholds"
  | "slow responses or null"
  | "host list or null"
  | "histogram"
  | "histogram or null"
  | "histograms by phase";

/** How the values of a run's parts, such as its shards, become the one of all. */
export type Merge =
  | "sum"
  | "greatest"
  | "any"
  | "first"
  | "earliest"
  | "the same"
  | "joined"
  | "counts"
  | "statuses"
  | "errors"
  | "histogram"
  | "histograms by phase"
  | "clusters"
  | "flow tallies"
  | "slow responses"
  | "host lists"
  // These are worked out from other figures of the parts.
  | "from first start to last end"
  | "requests by seconds"
  | "mean by attempts"
  | "late"
  | "latency of histogram"
  | "flow of tally"
  | "phases of histograms"
  | "own lateness of histogram";

/** What a summary is made of. */
export type Source = Snapshot & SummaryContext;

/** The names of the statistics that have values of a type. */
export type NameOf<V> = {
  [K in keyof Statistics]-?: Statistics[K] extends V ? K : never;
}[keyof Statistics];

/** A row of the table. Where a member is missing, the figure has no such use. */
export interface Figure<V> {
  readonly kind: Kind;
  /** What the number is counted in; missing where it is not one number. */
  readonly unit?: Unit;
  /** The value, not rounded: a statistic by its name, or what is made of some. */
  readonly of: NameOf<V> | ((source: Source) => V);
  /** Missing where the parts of a run have no such value together. */
  readonly merge?: Merge;
  /** Its own line in the table and on the page; other figures stand in lines that say more. */
  readonly line?: { readonly title: string };
  /** What `report --compare` shows of it. */
  readonly compare?: readonly Comparison[];
  readonly metrics?: readonly Metric[];
  readonly thresholds?: readonly Bounded[];
}

/** A number, or numbers by name, of which two runs are compared. */
export interface Comparison {
  /** @default the figure's */
  readonly key?: string;
  readonly title: string;
  /** @default the figure's */
  readonly unit?: Unit;
  /** @default the figure itself */
  of?(summary: KnownSummary): number | undefined;
  /** Numbers by name, instead of one number. */
  by?(summary: KnownSummary): Readonly<Record<string, number>> | undefined;
  /** The names, where they are always the same ones; else a name that one run lacks counts 0. */
  readonly names?: readonly string[];
  /** The table has no line for it if both runs have this value. */
  readonly usual?: number;
}

/** A metric of Prometheus. */
export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** What tells apart the values of a metric that has several. */
  readonly label?: string;
  /** In base units; nothing is exposed where there is no value. @default the figure itself */
  of?(snapshot: Snapshot): number | undefined | Readonly<Record<string, number>> | Histogram;
}

/**
 * How a number moves during a run, which decides when a bound is lost for good: a number that grows
 * does not come back below it, one that falls not above it, one that settles is believed after a
 * while, and one that drifts at the end only.
 */
export type Trend = "grows" | "falls" | "settles" | "drifts";

/** A number that a threshold can bound, or several whose names have one form: its members. */
export interface Bounded {
  /** What it is called on the command line. */
  readonly name: string;
  /** @default the figure's */
  readonly unit?: ThresholdUnit;
  readonly trend: Trend | ((member: string) => Trend);
  /**
   * The value in that unit; null where nothing was measured. The member is the name itself where
   * there are no others. @default the statistic of the figure
   */
  of?(statistics: Statistics, member: string): number | null;
  /** Whether the requests of a step of a flow have such a number, as in `p95@login`. */
  readonly isByStep?: boolean;
  /** Whether it counts requests, so that its share of all requests can be bounded, too. */
  readonly hasShare?: boolean;
  /** How many requests it is taken from. @default all of them */
  sample?(statistics: Statistics): number;
  /** How many times as many requests it takes to be believed. @default 1 */
  rarity?(member: string): number;
  readonly members?: {
    /** Matches their names; the first group is the member. */
    readonly form: RegExp;
    /** Names as help shows them. */
    readonly examples: readonly string[];
    /** What to give instead of a member that does not exist; undefined if it does. */
    advise(member: string): string | undefined;
  };
}
