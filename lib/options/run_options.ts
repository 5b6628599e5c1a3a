/**
 * A run, checked: what the command line comes to. Inside, these are right by type.
 *
 * @module
 */
import type { Capture } from "../check/capture.ts";
import type { ProxyOptions, TlsOptions } from "../engine/engine.ts";
import type { EngineName } from "../engine/engines.ts";
import type { OutputFormatName } from "../output/formats.ts";
import type { InputFormatName } from "../source/formats.ts";
import type { RequestTemplates } from "../source/request_defaults.ts";
import type { Threshold } from "../stats/thresholds.ts";
import type { Expectation, HeaderList } from "../target.ts";
import type { ListenAddress } from "./metrics.ts";

/** Where requests come from. */
export interface InputOptions {
  readonly path: string;
  readonly format: InputFormatName;
}

/** How records are written. */
export interface OutputOptions {
  readonly path: string;
  readonly format: OutputFormatName;
  readonly gzip: boolean;
  /** Undefined where the user asks for none: then records of failures have more. */
  readonly fields: readonly string[] | undefined;
}

/** The page of a run. */
export interface ReportOptions {
  readonly path: string;
  /** What it is called: the URL's template, or where URLs come from. Without secrets. */
  readonly title: string;
  /** The command line, without secrets. */
  readonly command: string;
}

/** How fast requests start. */
export interface LoadOptions {
  /** Most requests in flight, from 1. */
  readonly concurrency: number;
  /** Requests a second, more than 0, on a schedule of their own; undefined without one. */
  readonly rate: number | undefined;
  /** Milliseconds over which the rate, or without one the concurrency, rises to what it is. */
  readonly rampUpMs: number | undefined;
  /** Most in flight for each host, from 1. */
  readonly hostConcurrency: number | undefined;
  /** Least milliseconds between two starts for each host. */
  readonly hostDelayMs: number | undefined;
  /**
   * Milliseconds that a host fails, while others succeed, before its other requests are not sent
   * any more; Infinity for never.
   */
  readonly hostGiveUpMs: number;
  /** Whether a run of failures, or a `Retry-After`, holds back what it speaks of. */
  readonly pauses: boolean;
  /** Milliseconds without any success after which a run that pauses ends. */
  readonly giveUpAfterMs: number | undefined;
}

/** Which requests are made again, and when. */
export interface RetryOptions {
  /** Most attempts beyond the first, from 0. */
  readonly retries: number;
  /** Kinds of errors, and statuses as text. */
  readonly on: ReadonlySet<string>;
  /** The longest that the first wait can be, in milliseconds; doubles with each. */
  readonly delayMs: number;
  /** The longest that any can be, in milliseconds, at least `delayMs`. */
  readonly maxDelayMs: number;
  /** Whether methods that are not idempotent are tried again too. */
  readonly unsafe: boolean;
  /**
   * Statuses that are a success and never a reason to try again, whatever `on` says; undefined
   * where the user named none. A record's own stand instead.
   */
  readonly expected: Expectation["statuses"];
  /**
   * Whether an answer whose status is in `on` has failed where it is left: the user asked for
   * retries. By default `on` tells only that a host is down.
   */
  readonly failsOnStatus: boolean;
}

/** What the numbers of a run are held against. */
export interface ThresholdOptions {
  readonly thresholds: readonly Threshold[];
  /** Whether a run ends as soon as one of them is lost. */
  readonly abortOnThreshold: boolean;
}

/** A run, checked: inside, these are right by type. */
export interface RunOptions extends LoadOptions, ThresholdOptions {
  readonly url: string | undefined;
  readonly input: InputOptions | undefined;
  /** Whether the input begins anew each time it has ended. */
  readonly loop: boolean;
  /** The first number, from 0. */
  readonly start: number;
  /** How many numbers from there on, from 1; Infinity without a bound. */
  readonly requests: number;
  readonly durationMs: number | undefined;
  readonly shard: { readonly index: number; readonly count: number };
  /** What each answer is held against, but for what a record says itself. */
  readonly expect: Expectation;
  /** What is taken of each answer for its record. */
  readonly captures: readonly Capture[];
  readonly engine: EngineName;
  readonly retry: RetryOptions;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Which of the header fields and the body are templates, there as written; undefined if none. */
  readonly templates: RequestTemplates | undefined;
  /** The header field that each request has an id in; undefined without ids. */
  readonly requestId: string | undefined;
  /** The file of the cookie jar, or none but the memory's; undefined without a jar. */
  readonly cookieJar: { readonly path: string | undefined } | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly tls: TlsOptions;
  readonly proxy: ProxyOptions | undefined;
  /** The path of a socket that every connection goes to. */
  readonly unixSocket: string | undefined;
  readonly redirects: number;
  readonly maxBodyBytes: number;
  readonly output: OutputOptions | undefined;
  /** The folder that bodies are saved in. */
  readonly saveBodies: string | undefined;
  readonly resume: "no" | "yes" | "force";
  readonly retryFailed: boolean;
  readonly overwrite: boolean;
  readonly failures: string | undefined;
  readonly summary: string | undefined;
  /** The file for the latency by percentile. */
  readonly hdr: string | undefined;
  /** Where the metrics are to be had. */
  readonly metrics: ListenAddress | undefined;
  readonly json: boolean;
  readonly report: ReportOptions | undefined;
  /** Whether hosts, slowest requests and the event loop are watched, for who shows them. */
  readonly details: boolean;
  readonly progress: "auto" | "live" | "bar" | "log" | "none";
  readonly silent: boolean;
}
