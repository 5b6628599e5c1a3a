import type { Series } from "../../series/series.ts";
import type { ErrorMessage, HostFigures, SlowRequest } from "../../stats/snapshot.ts";
import type { Summary } from "../json.ts";

/** What is known of any run. The rest is missing where records alone cannot tell it. */
export type PageSummary =
  & Pick<Summary, "requests" | "succeeded" | "failed">
  & Partial<Summary>;

/** What a run was made with. No host name: pages are sent around. */
export interface Machine {
  /** As in `linux x86_64`. */
  readonly os: string;
  /** Logical processors. */
  readonly cores: number;
  /** Version of Deno. */
  readonly deno: string;
}

/** A part of a run: one that was gone on with, one shard of several, one file of many. */
export interface RunPart {
  /** What it is, in words. */
  readonly name: string;
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
}

/** All that a page shows. What is undefined is left out of it. */
export interface PageData {
  /** The summary as `--json` has it. */
  readonly summary: PageSummary;
  /** What the page is called, as in `http://host/{}`. */
  readonly title: string;
  /** When the page was made, in milliseconds since the Unix epoch. */
  readonly madeMs: number;
  readonly series?: Series | undefined;
  /** The latencies of answers by slot, ascending: the highest value in us, and how many. */
  readonly histogram?: readonly (readonly [highestMicros: number, count: number])[] | undefined;
  readonly hosts?: readonly HostFigures[] | undefined;
  readonly slowest?: readonly SlowRequest[] | undefined;
  readonly messages?: readonly ErrorMessage[] | undefined;
  /** Answers with a status of 400 or more that succeeded because nobody said what to expect. */
  readonly tolerated?: number | undefined;
  /** The command line, without secrets. */
  readonly command?: string | undefined;
  readonly machine?: Machine | undefined;
  /** Where there are several. */
  readonly parts?: readonly RunPart[] | undefined;
}
