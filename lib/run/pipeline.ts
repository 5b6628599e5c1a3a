/**
 * Everything that runs in one event loop. A pipeline knows no files, signals or terminal, and a
 * process can have several pipelines.
 *
 * @module
 */
import type { ResponseCheck } from "../check/response_check.ts";
import type { ClusterState } from "../checkpoint/cluster_state.ts";
import type { Engine } from "../engine/engine.ts";
import { Pool } from "../pool.ts";
import { type Result, toUnsentResult } from "../result.ts";
import type { News } from "../schedule/news.ts";
import type { PreciseTimer } from "../schedule/precise_timer.ts";
import { Schedule, type ScheduleOptions, type Start } from "../schedule/schedule.ts";
import { StopGate } from "../schedule/stop_gate.ts";
import type { WorkerFigures } from "../stats/snapshot.ts";
import type { Recorder, Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";

/** The parts of a pipeline. No other pipeline may share them. */
export interface PipelineParts<R extends Recorder = Stats> {
  readonly source: Source<Target>;
  readonly engine: Engine;
  /** Undefined if nothing is expected of responses or captured from them. */
  readonly check: ResponseCheck | undefined;
  /** Counts the results; it may have counted others before. */
  readonly stats: R;
  /** What counts the results, in place of `stats`. @default `stats` */
  readonly recorder?: Recorder | undefined;
  /** For a run with a rate. @default a timer that is not ready yet */
  readonly timer?: PreciseTimer | undefined;
  /** What other processes decide, if they take part in the run. */
  readonly limits?: Pick<ScheduleOptions, "openPacer" | "rampStartMs"> | undefined;
}

/** How a pipeline makes requests. */
export interface PipelineOptions
  extends Omit<ScheduleOptions, "timer" | "openPacer" | "rampStartMs"> {
  /** Milliseconds after which nothing more starts, from 0. @default never */
  readonly durationMs?: number | undefined;
  /**
   * Whether a later run makes cancelled requests again. Then they have no result in this run.
   */
  readonly isResumable: boolean;
}

/** Receives what a pipeline does. */
export interface PipelineHooks {
  /**
   * Called before the first request is sent.
   *
   * @throws Anything that has to end the pipeline.
   */
  beforeFirst?(target: Target): void;
  /**
   * Adds to a result what belongs to it, before it is counted. Called also with the result of a
   * request that a later run makes again.
   *
   * @throws Anything that has to end the pipeline; the result then does not count.
   */
  complete?(result: Result): Result;
  /** Called with each result. Returns a promise if the next request has to wait. */
  onResult(result: Result): MaybePromise<void>;
  /** Called with what the user should know, in a sentence; it can hold what a server sent. */
  onNotice(text: string): void;
  /** Called with what the other pipelines of the run have to {@linkcode Pipeline.learn}. */
  onNews?(news: News): void;
}

/** What happens in a pipeline at present. */
export interface Activity {
  readonly inFlight: number;
  /** How many requests wait for their retry. */
  readonly retrying: number;
  /** How many requests wait for their host, or as the next one for their time. */
  readonly held: number;
  /** How many hosts are paused after failures; a pause of the network counts as one more. */
  readonly paused: number;
  /** How often each resource of this machine ran out, by its name. */
  readonly shortages: Readonly<Record<string, number>>;
}

/** What happens where nothing has begun. */
export const IDLE: Activity = { inFlight: 0, retrying: 0, held: 0, paused: 0, shortages: {} };

/** What happens in two pipelines together. */
export function addActivities(a: Activity, b: Activity): Activity {
  return {
    inFlight: a.inFlight + b.inFlight,
    retrying: a.retrying + b.retrying,
    held: a.held + b.held,
    // Each pipeline knows all hosts that are paused.
    paused: Math.max(a.paused, b.paused),
    shortages: sumCounts(a.shortages, b.shortages),
  };
}

/** Sums of counts by name. */
export function sumCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  // Another machine says the names: one can be that of a member of every object.
  const sums = new Map(Object.entries(a));
  for (const [name, count] of Object.entries(b)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}

/** What is known of the workers of a run on several machines. */
export interface KnownWorkers {
  readonly figures: readonly WorkerFigures[];
  /** The most event loops that were there at once, and their processes. */
  readonly most: number;
  readonly mostProcesses: number;
  /** The processor time of all of them so far, and the most memory that one of them had. */
  readonly usage: { readonly cpuSeconds: number; readonly peakRssKb: number };
  /** Adds what they have counted and not delivered to what is collected. To be read at once. */
  addTo(collected: Stats): Stats;
}

/** What a run sees of its pipeline, or of its pipelines. */
export type RunningPipeline =
  & Pick<
    Pipeline,
    | "run"
    | "cancel"
    | "fail"
    | "close"
    | "isShut"
    | "isCutShort"
    | "sourceFailure"
    | "engine"
    | "activity"
    | "workersBusy"
    | "openCount"
    | "stats"
  >
  & {
    /** Starts no more requests; those in flight continue. A promise settles once that is so. */
    stop(): MaybePromise<void>;
    /** What was collected from other machines; missing if this process makes the requests. */
    readonly cluster?: ClusterState;
    /** What other machines do; missing if this process makes the requests. */
    readonly workers?: KnownWorkers;
    /**
     * Lets go of what others keep for the run, once the outputs are on the disk.
     *
     * @param isKept whether a later run goes on with that
     * @returns whether they let go of it
     */
    release?(isKept: boolean): Promise<boolean>;
  };

/**
 * Makes the requests of a source, and passes each value on once.
 *
 * ```text
 * source ──► schedule ──► engine ──► check ──► settle ──► statistics, onResult
 *               ▲                                │
 *               └──────────── retry ◄────────────┘
 * ```
 */
export class Pipeline<R extends Recorder = Stats> {
  readonly stats: R;
  readonly #recorder: Recorder;
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
    { source, engine, check, stats, recorder = stats, timer, limits }: PipelineParts<R>,
    options: PipelineOptions,
    hooks: PipelineHooks,
  ) {
    this.stats = stats;
    this.#recorder = recorder;
    this.#engine = engine;
    this.#check = check;
    this.#isResumable = options.isResumable;
    this.#hooks = hooks;
    this.#schedule = new Schedule(source, {
      ...options,
      timer,
      openPacer: limits?.openPacer,
      rampStartMs: limits?.rampStartMs,
    }, {
      onLate: (ms) => recorder.recordLateStart(ms),
      onStart: (ownLateMs) => recorder.recordStart(ownLateMs),
      onRetry: (cause, result) => recorder.recordRetry(cause, result),
      onNotice: (text) => hooks.onNotice(text),
      onNews: hooks.onNews && ((news) => hooks.onNews!(news)),
    });
    this.#gate = new StopGate(this.#schedule, options.durationMs);
    this.#pool = new Pool<Start, Result>(this.#gate, {
      concurrency: options.concurrency,
      start: (start, done) => this.#start(start, done),
      onResult: (result) => this.#onResult(result),
      // The results of requests in flight would be dropped, so they need not end by themselves.
      onStop: () => engine.cancel(),
    });
  }

  /**
   * Makes all requests, and settles when each request that was begun has ended. Call it once.
   *
   * @throws What a hook has thrown, or the reason that was given to {@linkcode fail}.
   */
  async run(): Promise<void> {
    await this.#pool.run();
    if (this.#failure !== undefined) throw this.#failure.reason;
    // The run ended before their retries.
    for (const result of this.#schedule.drain(this.isCutShort)) await this.#keep(result);
  }

  /** Takes over what another pipeline of the run has told. */
  learn(news: News): void {
    this.#schedule.learn(news);
  }

  /** Starts no more requests; those in flight continue. */
  stop(): void {
    this.#isInterrupted = true;
    this.#gate.stop();
  }

  /** Ends requests in flight with the error `cancelled`, and later ones as well. */
  cancel(): void {
    this.#engine.cancel();
  }

  /** Ends the pipeline at once: later results are dropped, and {@linkcode run} throws the reason. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#pool.stop();
  }

  /** Closes the connections and the source. Only while {@linkcode run} is not running. */
  async close(): Promise<void> {
    this.#engine.close();
    await this.#gate.return();
  }

  /** Whether no more requests start, for any reason. */
  get isShut(): boolean {
    return this.#gate.isShut;
  }

  /** Whether it ended before its source did, so that something is left to request. */
  get isCutShort(): boolean {
    return this.#isInterrupted || this.#gate.failure !== undefined;
  }

  /** Why the source broke off, if it did; its targets before that have their results. */
  get sourceFailure(): unknown {
    return this.#gate.failure;
  }

  /** The names of the engines that made requests, as in `http1+http2`, and whose sockets they used. */
  get engine(): Pick<Engine, "name" | "transport"> {
    return this.#engine;
  }

  /** It runs in the event loop of whoever made it. */
  get workersBusy(): readonly number[] {
    return [];
  }

  get activity(): Activity {
    const { retrying, held, pausedCount } = this.#schedule;
    return {
      inFlight: this.#inFlight,
      retrying,
      held,
      paused: pausedCount,
      shortages: Object.fromEntries(this.#engine.shortages),
    };
  }

  /** How many targets were taken from the source and have no result yet. */
  get openCount(): number {
    const { retrying, held } = this.#schedule;
    return this.#inFlight + retrying + held;
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
    const { complete } = this.#hooks;
    if (complete !== undefined) result = complete(result);
    if (this.#isResumable && result.error === "cancelled") return;
    this.#recorder.record(result);
    return this.#hooks.onResult(result);
  }
}
