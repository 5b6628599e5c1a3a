import type { Meter } from "./meter.ts";
import type { Servers } from "./servers.ts";

/** What a bench is handed. */
export interface Context {
  readonly servers: Servers;
  readonly meter: Meter;
  /** What counts and durations are multiplied by, from 0: below 1 for a quick look. */
  readonly scale: number;
  /** How often each row is run, from 1; undefined for as often as the bench does by itself. */
  readonly rounds: number | undefined;
  /** The commit that `before` compares this tree to. */
  readonly base: string | undefined;
  /** The sockets of `long`; undefined for native ones. */
  readonly transport: "portable" | "native" | undefined;
  /** What a name has to have of the rows that are run; see {@linkcode isWanted}. */
  readonly only: readonly string[];
  /** What `deaths` draws its runs from; undefined for another one each time. */
  readonly seed: number | undefined;
  /** Keeps a plot or its figures, where the command line says; else nowhere. */
  keep(name: string, text: string): Promise<void>;
}

/** Measures one thing. */
export interface Bench {
  /** What it measures, for the list of all of them. */
  readonly measures: string;
  /** How long it takes on two cores, at a scale of 1. */
  readonly minutes: number;
  /** Why it is run only where it is named. */
  readonly onlyByName?: string;
  /** Prints Markdown tables. */
  run(context: Context): Promise<void>;
}

/** A count at the scale of the run; at least `least`, often the number of connections. */
export function scaled(count: number, { scale }: Pick<Context, "scale">, least = 1): number {
  return Math.max(least, Math.round(count * scale));
}

/** Whether a row is to be run: its name has one of the words, between bars, of each `--only`. */
export function isWanted(name: string, { only }: Pick<Context, "only">): boolean {
  return only.every((words) => words.split("|").some((word) => name.includes(word)));
}
