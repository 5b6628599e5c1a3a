/**
 * The checked options of a run, made from its command line. Inside, they are right by type.
 *
 * @module
 */
import type { Capture } from "../check/capture.ts";
import type { TlsOptions } from "../engine/engine.ts";
import type { Form } from "../form/form.ts";
import type { EngineName } from "../engine/engines.ts";
import type { EngineSettings } from "../engine/options.ts";
import type { ArchiveOutputOptions } from "../output/archive/archive_output.ts";
import type { OutputFormatName } from "../output/formats.ts";
import type { SyncMode } from "../output/output.ts";
import type { Scheme } from "../source/default_scheme.ts";
import type { OrderOptions } from "../source/order.ts";
import type { InputFormatName } from "../source/formats.ts";
import type { RequestTemplates } from "../source/request_defaults.ts";
import type { Threshold } from "../stats/thresholds.ts";
import type { Expectation, HeaderList, RequestBody } from "../target.ts";
import type { RecordedCommand } from "./recorded_command.ts";
import type { SummaryFormat } from "./summary_formats.ts";

/** Which of the numbers are requested: those that are `index` modulo `count`. */
export interface Shard {
  /** From 0 to `count` - 1. */
  readonly index: number;
  /** From 1. */
  readonly count: number;
}

/** What a server listens on. */
export interface ListenAddress {
  /** A name or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  /** From 0, which picks one. */
  readonly port: number;
}

/** One of the inputs that requests come from. */
export interface InputOptions {
  readonly path: string;
  readonly format: InputFormatName;
}

/** How records are written. */
export interface OutputOptions {
  readonly path: string;
  readonly format: OutputFormatName;
  readonly gzip: boolean;
  /** Undefined where the user names none: then records of failures have more fields. */
  readonly fields: readonly string[] | undefined;
}

/** The page of a run. */
export interface ReportOptions {
  readonly path: string;
  /** The title: the template of the URL, or where the URLs come from. Without secrets. */
  readonly title: string;
  /** The command line, without secrets. */
  readonly command: string;
}

/** A level that the load reaches in the end of a stretch of time, rising or falling evenly. */
export interface LevelStep {
  /** How long it takes, in milliseconds, from 0: a level with 0 is reached at once. */
  readonly ms: number;
  /** From 0. */
  readonly to: number;
}

/** Levels of the load, one after the other; the run ends with the last. */
export interface StageOptions {
  /** What the levels are: starts a second, or requests in flight. */
  readonly of: "rate" | "concurrency";
  readonly steps: readonly LevelStep[];
  /** How long they take, in milliseconds, from 1. */
  readonly lengthMs: number;
}

/** How long a place waits between two requests: a time from one bound to the other. */
export interface ThinkOptions {
  readonly minMs: number;
  /** At least `minMs`. */
  readonly maxMs: number;
}

/** How fast requests start. */
export interface LoadOptions {
  /** The maximum number of requests in flight, from 1. */
  readonly concurrency: number;
  /** Requests a second, more than 0; undefined without a schedule. */
  readonly rate: number | undefined;
  /** Milliseconds over which the rate, or without one the concurrency, rises to its value. */
  readonly rampUpMs: number | undefined;
  /** The highest level of them is the rate, or the concurrency. */
  readonly stages: StageOptions | undefined;
  /** The maximum number of requests in flight for each host, from 1. */
  readonly hostConcurrency: number | undefined;
  /** How long a place waits after each request; undefined if it does not. */
  readonly think: ThinkOptions | undefined;
  /** The minimum time between two starts for each host, in milliseconds. */
  readonly hostDelayMs: number | undefined;
  /** The maximum number of starts a second for each host; `hostDelayMs` is its reciprocal. */
  readonly hostRate: number | undefined;
  /**
   * How long a host has to fail, while others succeed, until its remaining requests fail without
   * being sent, in milliseconds; Infinity for never.
   */
  readonly hostGiveUpMs: number;
  /** Whether repeated failures, or a `Retry-After`, hold back requests to that host or to all. */
  readonly pauses: boolean;
  /** Milliseconds without any success after which a run that pauses ends. */
  readonly giveUpAfterMs: number | undefined;
}

/** Which requests are made again, and when. */
export interface RetryOptions {
  /** The maximum number of attempts after the first, from 0. */
  readonly retries: number;
  /** Kinds of errors, and statuses as text. */
  readonly on: ReadonlySet<string>;
  /** The longest first wait, in milliseconds. It doubles with each attempt. */
  readonly delayMs: number;
  /** The longest of all waits, in milliseconds, at least `delayMs`. */
  readonly maxDelayMs: number;
  /** Whether requests with methods that are not idempotent are retried, too. */
  readonly unsafe: boolean;
  /**
   * Statuses that are a success and never a reason to retry, whatever `on` says; undefined where
   * the user named none. Those in a record of the input replace them.
   */
  readonly expected: Expectation["statuses"];
  /**
   * Whether a response has failed if its status is in `on` and it is not retried any more: so if
   * the user asked for retries. By default `on` only tells that a host is down.
   */
  readonly failsOnStatus: boolean;
}

/** Bounds for the numbers of a run. */
export interface ThresholdOptions {
  readonly thresholds: readonly Threshold[];
  /** Whether the run ends as soon as one of them can no longer hold. */
  readonly abortOnThreshold: boolean;
}

/** Who logs in to the bus. */
export type BusLogin =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  /** Of an nkey. */
  | { readonly seed: string }
  /** The text of a `.creds` file: a JWT and the seed of its nkey. */
  | { readonly credentials: string };

/** How the bus is reached. */
export interface BusOptions {
  /** Its servers, each as `host:port`, as permissions for the network have it. */
  readonly servers: readonly string[];
  /** Undefined where nobody logs in. */
  readonly login: BusLogin | undefined;
  /** Undefined if TLS is used only where a server asks for it. */
  readonly tls: TlsOptions | undefined;
}

/** Where a run is submitted to. */
export interface ClusterOptions {
  readonly bus: BusOptions;
  /** What the run is sealed with on the bus; undefined if it is not. */
  readonly key: Uint8Array | undefined;
  /** Whether secrets may go through the bus in clear. */
  readonly isPlain: boolean;
  /** The command line, from which workers read the options of the run. */
  readonly command: RecordedCommand;
}

/** Where metrics are sent by OTLP. */
export interface OtlpOptions {
  /** Of the receiver, with a path, without user information. */
  readonly url: string;
  /** The same without secrets. */
  readonly shown: string;
  readonly headers: HeaderList;
}

/** A file that gets the summary. */
export interface SummaryFile {
  /** Its name; `-` is standard output. */
  readonly path: string;
  readonly format: SummaryFormat;
}

/** The flow that makes the requests of a run. */
export interface FlowOptions {
  /** Of its module, as the user wrote it. */
  readonly path: string;
  /** What URLs of the flow can be relative to; undefined without. */
  readonly base: string | undefined;
  /** The SHA-256 of the module's text, in lower case. */
  readonly hash: string;
}

/** All options of a run. */
export interface RunOptions extends EngineSettings, LoadOptions, ThresholdOptions {
  readonly url: string | undefined;
  /** What makes the requests, where numbers and records do not; undefined for no flow. */
  readonly flow: FlowOptions | undefined;
  /** How long an iteration of the flow may take, in milliseconds, from 1. */
  readonly iterationTimeoutMs: number;
  /** What is read for requests, one after the other; empty where the numbers make them. */
  readonly inputs: readonly InputOptions[];
  /** Whether a line of the inputs that begins with `#` is a comment. */
  readonly comments: boolean;
  /** What a URL gets in front that has no scheme; undefined to leave it as it is. */
  readonly defaultScheme: Scheme | undefined;
  /** Which records or numbers are requested, and in which order; undefined for all in their order. */
  readonly order: OrderOptions | undefined;
  /** Whether the inputs begin again each time they have ended. */
  readonly loop: boolean;
  /** The first number, from 0. */
  readonly start: number;
  /** How many numbers follow from there, from 1; Infinity without a bound. */
  readonly requests: number;
  /** Milliseconds after which no request starts, from 1. */
  readonly durationMs: number | undefined;
  /** Milliseconds from the begin in which requests are made and not counted; undefined for none. */
  readonly warmUpMs: number | undefined;
  readonly shard: Shard;
  /** What each response is held against, unless its own record of the input says otherwise. */
  readonly expect: Expectation;
  /** What is taken from each response for its record. */
  readonly captures: readonly Capture[];
  readonly engine: EngineName;
  /** The bus whose workers make the requests; undefined if this process does. */
  readonly cluster: ClusterOptions | undefined;
  /** The maximum number of requests of a slice, from 1. @default by the number of requests */
  readonly slice: number | undefined;
  /** How long a worker may be silent before others redo its slices, in milliseconds. */
  readonly lostAfterMs: number;
  /** The name of the run on the bus; undefined to draw one. */
  readonly runName: string | undefined;
  /** How many servers of the bus keep a copy of the run, from 1. */
  readonly replicas: number;
  /** The maximum number of bytes that the bus keeps of the run. */
  readonly holdBytes: number;
  /** How many event loops make the requests, from 1. */
  readonly threads: number;
  readonly retry: RetryOptions;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  /** What the body is made of, where it is a form; undefined otherwise. */
  readonly form: Form | undefined;
  /** The templates among the header fields and the body; undefined without any. */
  readonly templates: RequestTemplates | undefined;
  /** What variables of the environment have filled in: it may be shown nowhere. */
  readonly variables: readonly string[];
  /** The header field that carries the id of each request; undefined without ids. */
  readonly requestId: string | undefined;
  /** The cookie jar, and its file unless it is only in memory; undefined without a jar. */
  readonly cookieJar: { readonly path: string | undefined } | undefined;
  readonly output: OutputOptions | undefined;
  /** The folder that bodies are saved in. */
  readonly saveBodies: string | undefined;
  /** The archive that exchanges are saved in. */
  readonly archive: ArchiveOutputOptions | undefined;
  /** Whether bodies with a content coding are left as they came. */
  readonly raw: boolean;
  readonly resume: "no" | "yes" | "force";
  /** What waits until it is on the disk: each block of results, each journal, or nothing. */
  readonly sync: SyncMode;
  readonly retryFailed: boolean;
  readonly overwrite: boolean;
  readonly failures: string | undefined;
  /** Whether the failures keep credentials. */
  readonly failuresWithSecrets: boolean;
  readonly summaries: readonly SummaryFile[];
  /** The file for the latency by percentile. */
  readonly hdr: string | undefined;
  /** Where the metrics are served. */
  readonly metrics: ListenAddress | undefined;
  readonly otlp: OtlpOptions | undefined;
  readonly json: boolean;
  /** How many hosts and slow responses the table and the summary have; undefined for none. */
  readonly top: number | undefined;
  readonly report: ReportOptions | undefined;
  /** Whether a file is written to standard output: the table then goes to standard error. */
  readonly isStdoutTaken: boolean;
  /** Whether hosts, slowest requests and the event loop are watched: a page or a view shows them. */
  readonly details: boolean;
  /** Which requests are shown as they are sent, with their responses; undefined for none. */
  readonly verbose: "first" | "all" | undefined;
  /** Whether requests are only shown, and not sent. */
  readonly dryRun: boolean;
  readonly progress: "auto" | "live" | "bar" | "log" | "none";
  readonly silent: boolean;
}
