/**
 * All that runs in one event loop. It knows no files, signals or terminal, and a process can have
 * several of it.
 *
 * @module
 */
import type { ResponseCheck } from "../check/response_check.ts";
import type { Engine } from "../engine/engine.ts";
import { Pool } from "../pool.ts";
import { type Result, toUnsentResult } from "../result.ts";
import { Schedule, type ScheduleOptions, type Start } from "../schedule/schedule.ts";
import { StopGate } from "../schedule/stop_gate.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";

/** What a pipeline is made of; all of it is the pipeline's alone from then on. */
export interface PipelineParts {
  readonly source: Source<Target>;
  readonly engine: Engine;
  /** Undefined where nothing is expected of responses, nor captured. */
  readonly check: ResponseCheck | undefined;
  /** What counts the results; it can have counted others before. */
  readonly stats: Stats;
}

/** How a pipeline makes requests. */
export interface PipelineOptions extends ScheduleOptions {
  /** Milliseconds after which nothing more starts, from 0. @default never */
  readonly durationMs?: number | undefined;
  /**
   * Whether what was cancelled is requested again by a later run, and therefore is no result of
   * this one.
   */
  readonly isResumable: boolean;
}

/** Who is told of what a pipeline does. */
export interface PipelineHooks {
  /**
   * Called before the first request is sent.
   *
   * @throws Whatever is to end the pipeline.
   */
  beforeFirst?(target: Target): void;
  /** Called with each result; a promise where the next request has to wait. */
  onResult(result: Result): MaybePromise<void>;
  /** Called in its place with what a later run requests again. */
  onUnfinished?(result: Result): void;
  /** Called with what the user should know, in a sentence; it can hold what a server sent. */
  onNotice(text: string): void;
}

/** What a pipeline has under way. */
export interface Activity {
  readonly inFlight: number;
  /** Requests that wait to be made again. */
  readonly retrying: number;
  /** Requests that wait for their host, or as the next for their time. */
  readonly held: number;
  /** Hosts that are not asked at present, since all requests there failed. */
  readonly paused: number;
  /** How often this machine ran out of something, by what it was. */
  readonly shortages: Readonly<Record<string, number>>;
}

/** What two pipelines have under way. */
export function addActivities(a: Activity, b: Activity): Activity {
  return {
    inFlight: a.inFlight + b.inFlight,
    retrying: a.retrying + b.retrying,
    held: a.held + b.held,
    paused: a.paused + b.paused,
    shortages: addCounts(a.shortages, b.shortages),
  };
}

/** Sums of counts by name. */
export function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sums = { ...a };
  for (const [name, count] of Object.entries(b)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/**
 * Makes the requests of a source, and passes each value on once.
 *
 * ```text
 * source ──► schedule ──► engine ──► check ──► settle ──► statistics, onResult
 *               ▲                                │
 *               └──────── is made again ◄────────┘
 * ```
 */
export class Pipeline {
  readonly stats: Stats;
  readonly #engine: Engine;
  readonly #check: ResponseCheck | undefined;
  readonly #isResumable: boolean;
  readonly #hooks: PipelineHooks;
  readonly #schedule: Schedule;
  readonly #gate: StopGate<Start>;
  readonly #pool: Pool<Start, Result>;
  #inFlight = 0;
  #hasSent = false;
  #isInterrupted = false;
  /** Why it was ended by {@linkcode fail}. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(
    { source, engine, check, stats }: PipelineParts,
    options: PipelineOptions,
    hooks: PipelineHooks,
  ) {
    this.stats = stats;
    this.#engine = engine;
    this.#check = check;
    this.#isResumable = options.isResumable;
    this.#hooks = hooks;
    this.#schedule = new Schedule(source, options, {
      onLate: (ms) => stats.recordLateStart(ms),
      onStart: (ownLateMs) => stats.recordStart(ownLateMs),
      onRetry: (cause, result) => stats.recordRetry(cause, result),
      onNotice: (text) => hooks.onNotice(text),
    });
    this.#gate = new StopGate(this.#schedule, options.durationMs);
    this.#pool = new Pool<Start, Result>(this.#gate, {
      concurrency: options.concurrency,
      start: (start, done) => this.#start(start, done),
      onResult: (result) => this.#onResult(result),
      // Nobody will see what the requests in flight bring: not worth waiting for.
      onStop: () => engine.cancel(),
    });
  }

  /**
   * Makes all requests, and settles when each that was begun has come to its end. Call it once.
   *
   * @throws What ended it early, except {@linkcode stop} and a source that broke off: what a hook
   * has thrown, or the reason given to {@linkcode fail}.
   */
  async run(): Promise<void> {
    await this.#pool.run();
    if (this.#failure !== undefined) throw this.#failure.reason;
    // The run left no time for them to be made again.
    for (const result of this.#schedule.drain(this.isCutShort)) await this.#keep(result);
  }

  /** Starts nothing more; what is in flight goes on. */
  stop(): void {
    this.#isInterrupted = true;
    this.#gate.stop();
  }

  /** Ends what is in flight with the error `cancelled`, and whatever starts later. */
  cancel(): void {
    this.#engine.cancel();
  }

  /** Ends it at once: results that come from now on are dropped, and {@linkcode run} fails. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#pool.stop();
  }

  /** Closes the connections and the source, once {@linkcode run} has settled or was never called. */
  async close(): Promise<void> {
    this.#engine.close();
    await this.#gate.return();
  }

  /** Whether nothing more starts, for whatever reason. */
  get isShut(): boolean {
    return this.#gate.isShut;
  }

  /** Whether it ended before its source did, so that there is something left to request. */
  get isCutShort(): boolean {
    return this.#isInterrupted || this.#gate.failure !== undefined;
  }

  /** Why the source broke off, if it did; what it gave before has its results. */
  get sourceFailure(): unknown {
    return this.#gate.failure;
  }

  /** Engines that made requests, as in `http1+fetch`. */
  get engineName(): string {
    return this.#engine.name;
  }

  get activity(): Activity {
    const { retrying, held, outages } = this.#schedule;
    return {
      inFlight: this.#inFlight,
      retrying,
      held,
      paused: outages,
      shortages: Object.fromEntries(this.#engine.shortages),
    };
  }

  #start({ target, dueMs, unsent }: Start, done: (result: Result) => void): void {
    this.#inFlight++;
    const { invalid } = target;
    if (invalid !== undefined) {
      return done(toUnsentResult(target, { error: "url", detail: invalid }));
    }
    if (unsent !== undefined) return done(toUnsentResult(target, unsent));
    if (!this.#hasSent) {
      this.#hasSent = true;
      this.#hooks.beforeFirst?.(target);
    }
    this.#engine.start(target, done, dueMs);
  }

  #onResult(result: Result): MaybePromise<void> {
    this.#inFlight--;
    const check = this.#check;
    const final = this.#schedule.settle(check === undefined ? result : check.apply(result));
    return final === undefined ? undefined : this.#keep(final);
  }

  #keep(result: Result): MaybePromise<void> {
    if (this.#isResumable && result.error === "cancelled") {
      return this.#hooks.onUnfinished?.(result);
    }
    this.stats.record(result);
    return this.#hooks.onResult(result);
  }
}
