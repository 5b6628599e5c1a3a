/**
 * What the main thread and the workers of a run tell each other. Everything here can be cloned.
 *
 * ```text
 * main thread: source, files, journal, signals, terminal, merged statistics
 *   │ block of targets            ▲ results: encoded records, numbers, statistics
 *   ▼                             │
 * worker: pipeline (schedule, engine, check, statistics)
 * ```
 *
 * @module
 */
import type { LogPlace } from "../checkpoint/log/log_folder.ts";
import type { KeptCookie } from "../cookies/netscape.ts";
import { ClosedPipe, InputError, NoProgressError, OutputError, UsageError } from "../errors.ts";
import { countPacked } from "../output/archive/packed_exchanges.ts";
import type { SharedRun } from "../schedule/common_state.ts";
import type { News } from "../schedule/news.ts";
import type { InputColumns } from "../source/item.ts";
import type { RequestIdOptions } from "../source/request_id.ts";
import type { StatsDelta } from "../stats/stats.ts";
import type { EncodedResults } from "../run/outputs.ts";
import type { Activity } from "../run/pipeline.ts";
import type { PackedOptions } from "./packed_options.ts";

/**
 * Some of the targets of a run, in the order in which they are requested: `[first, count]` for each
 * run of numbers. Within one, numbers follow each other by the step of the shard.
 */
export interface NumberBlock {
  readonly kind: "numbers";
  readonly runs: Float64Array<ArrayBuffer>;
}

/** Targets that are made of records. */
export interface RecordBlock {
  readonly kind: "records";
  /** For each record: its number, its line in its input from 1, and where it ends in the texts. */
  readonly places: Float64Array<ArrayBuffer>;
  /** All records, one behind the other; of a record that is too long, its start. Each is in one text. */
  readonly texts: readonly string[];
  /** Which of them, from 0, are the starts of records that are too long. */
  readonly overlong: readonly number[];
  /** The input of each, from 0; empty where all are of the first one. */
  readonly inputs: readonly number[];
}

/** Some of the targets of a run. */
export type Block = NumberBlock | RecordBlock;

/** How many targets a block has. */
export function countItems(block: Block): number {
  if (block.kind === "records") return block.places.length / 3;
  return block.runs.reduce((sum, part, k) => k % 2 === 0 ? sum : sum + part, 0);
}

/** What a worker is started with. */
export interface WorkerSetup {
  /** Its place, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly options: PackedOptions;
  /** What the headers of the inputs have. */
  readonly columns: InputColumns;
  /** The random part of the run: what is drawn for a request depends on it. */
  readonly seed: string;
  /** The first cookies; undefined without a jar. */
  readonly cookies: readonly KeptCookie[] | undefined;
  /** The memory of what all workers may receive and send; undefined without a limit. */
  readonly budget: SharedArrayBuffer | undefined;
  /** What all workers need in common to show requests; undefined if none are shown. */
  readonly transcripts: SharedArrayBuffer | undefined;
}

/** Tells a worker to begin. */
export interface BeginMessage {
  readonly type: "begin";
  /** Milliseconds after which nothing more starts. */
  readonly durationMs: number | undefined;
  readonly hasOneHost: boolean;
  readonly isResumable: boolean;
  /** The ids of requests; undefined without ids. */
  readonly ids: RequestIdOptions | undefined;
  /** What the run is known by where bodies are saved; undefined if they are not saved. */
  readonly bodiesRun: string | undefined;
  /** Where the worker logs its results; undefined where it does not. */
  readonly log: LogPlace | undefined;
  readonly shared: SharedRun;
}

/** What the schedule of another worker has to learn. */
export interface NewsMessage {
  readonly type: "news";
  readonly news: News;
}

/** Cookies that another worker has stored, or has removed: those have expired. */
export interface CookiesMessage {
  readonly type: "cookies";
  readonly cookies: readonly KeptCookie[];
}

/** What the main thread tells a worker. */
export type ToWorker =
  | { readonly type: "open"; readonly setup: WorkerSetup }
  | BeginMessage
  | { readonly type: "block"; readonly block: Block }
  /** No block follows. */
  | { readonly type: "end" }
  /** Results have been taken: the worker may send as many bytes more. */
  | { readonly type: "taken"; readonly bytes: number }
  | CookiesMessage
  | NewsMessage
  /** Which of the two files of its log takes the next entries: the other one is needed for a while. */
  | { readonly type: "turn"; readonly file: number }
  | { readonly type: "stop" }
  | { readonly type: "cancel" }
  /** The run has ended: close the connections, whatever is in flight. */
  | { readonly type: "close" };

/** Results of a worker since the last ones. Statistics and records are those of the same requests. */
export interface Results extends EncodedResults {
  readonly stats: StatsDelta;
}

/** How many bytes of records results have. */
export function countBytes({ records, failures, exchanges }: EncodedResults): number {
  return (records?.bytes.length ?? 0) + (failures?.bytes.length ?? 0) +
    (exchanges === undefined ? 0 : countPacked(exchanges));
}

/** What a worker is doing at present. */
export interface WorkerState {
  readonly activity: Activity;
  /** Whether no more requests start, for any reason. */
  readonly isShut: boolean;
  /** The share of the last second in which its event loop was busy, 0 to 1. */
  readonly loopBusy: number;
  readonly engine: string;
  /** Whether a server has responded: only then is it known which engine makes the requests. */
  readonly hasResponses: boolean;
  readonly transport: "portable" | "native";
}

/** An error on its way to another thread. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
}

/** The errors that end a run, by name. */
const ERRORS = { UsageError, InputError, OutputError, ClosedPipe, NoProgressError } as const;

/** Makes plain data of an error. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  return { name: error.name, message: error.message };
}

/** The error again, of its own class if it is one of ours. */
export function unpackError({ name, message }: PackedError): Error {
  if (!(name in ERRORS)) return new Error(message);
  return new ERRORS[name as keyof typeof ERRORS](message);
}

/** What a worker tells the main thread. */
export type FromWorker =
  /** Its engine is open. */
  | { readonly type: "ready"; readonly state: WorkerState }
  /** It has room for another block. */
  | { readonly type: "wants" }
  | { readonly type: "results"; readonly results: Results; readonly state: WorkerState }
  | CookiesMessage
  | NewsMessage
  | { readonly type: "notice"; readonly text: string }
  /** It has left credentials out of a failure for the first time. */
  | { readonly type: "withheld" }
  /** It was told to stop, and starts no more requests. */
  | { readonly type: "stopped"; readonly state: WorkerState }
  /**
   * Everything has ended that it had begun, and all results were sent. With a failure, it has ended
   * before its source did.
   */
  | { readonly type: "done"; readonly failure?: PackedError | undefined }
  /** It cannot go on, and has closed its connections. */
  | { readonly type: "failed"; readonly error: PackedError };
