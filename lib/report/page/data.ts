import type { Series } from "../../series/series.ts";
import type { KnownSummary } from "../../stats/summary.ts";
import type {
  ErrorMessage,
  HostFigures,
  SlowRequest,
  WorkerFigures,
} from "../../stats/snapshot.ts";

/** The machine that made a run. Its host name is left out, as pages are sent around. */
export interface Machine {
  /** As in `linux x86_64`. */
  readonly os: string;
  /** Logical processors. */
  readonly cores: number;
  /** Version of Deno. */
  readonly deno: string;
}

/** A part of a run: one before or after it was resumed, one shard of several, one file of many. */
export interface RunPart {
  /** The name of the part, for people. */
  readonly name: string;
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
}

/** All that a page shows. A member that is undefined is left out of the page. */
export interface PageData {
  /** The summary as `--json` has it. */
  readonly summary: KnownSummary;
  /** The title of the page, as in `http://host/{}`. */
  readonly title: string;
  /** When the page was made, in milliseconds since the Unix epoch. */
  readonly madeMs: number;
  readonly series?: Series | undefined;
  /** The latencies of responses by slot, ascending: the highest value in us, and how many. */
  readonly histogram?: readonly (readonly [highestMicros: number, count: number])[] | undefined;
  readonly hosts?: readonly HostFigures[] | undefined;
  /** Of a run on several machines. */
  readonly workers?: readonly WorkerFigures[] | undefined;
  readonly slowest?: readonly SlowRequest[] | undefined;
  readonly messages?: readonly ErrorMessage[] | undefined;
  /** Responses with a status of 400 or more that succeeded because no status was expected. */
  readonly tolerated?: number | undefined;
  /** The command line, without secrets. */
  readonly command?: string | undefined;
  readonly machine?: Machine | undefined;
  /** The parts of the run, if there are several. */
  readonly parts?: readonly RunPart[] | undefined;
}
