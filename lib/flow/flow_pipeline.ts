/**
 * A flow as a run sees it: a pipeline of iterations around one of requests.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Engine } from "../engine/engine.ts";
import { NoProgressError } from "../errors.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Result } from "../result.ts";
import { type Activity, IDLE, Pipeline, type RunningPipeline } from "../run/pipeline.ts";
import type { PreciseTimer } from "../schedule/precise_timer.ts";
import type { FlowRecorder, Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";
import { FlowEngine, type IterationResult } from "./flow_engine.ts";
import { describeThrown, type LoadedFlow, loadFlow } from "./flow_module.ts";
import { FlowRequests, type RequestHooks } from "./flow_requests.ts";
import type { Iteration } from "./iteration.ts";

/** What the stacks of the program's own errors have: the folder of its files, or its one bundle. */
const PROGRAM = import.meta.url.endsWith("/lib/flow/flow_pipeline.ts")
  ? new URL("../", import.meta.url).href
  : import.meta.url;

/**
 * Whether it is a bug of the program, which ends the process like any other. What the program throws
 * in a call of the flow, because of what the flow gave it, is the flow's own.
 */
function isOfProgram(reason: unknown, flow: LoadedFlow): boolean {
  const stack = reason instanceof Error ? reason.stack : undefined;
  return stack?.includes(PROGRAM) === true && !stack.includes(flow.url);
}

/** What a flow begins with. */
export interface FlowParts {
  /** A target for each iteration. */
  readonly source: Source<Target>;
  readonly stats: Stats;
  /** What counts the results: the statistics, or what keeps a warm-up apart. */
  readonly recorder: FlowRecorder;
  readonly timer: PreciseTimer | undefined;
  /** Milliseconds after which no iteration starts, from 0. */
  readonly durationMs?: number | undefined;
  /** Whether a later run makes cancelled iterations again. */
  readonly isResumable: boolean;
}

/** What a flow tells its run. */
export interface FlowHooks {
  /** Takes the results of an iteration. Returns a promise if the next iteration has to wait. */
  onIteration(results: readonly Result[], i: number): MaybePromise<void>;
  /** Takes what the user should know, in a sentence. */
  onNotice(text: string): void;
}

/**
 * ```text
 * iterations ──► schedule ──► flow ──► results of an iteration ──► statistics, outputs
 *                             │  ▲
 *                             ▼  │
 *                   request queue: pipeline, engine
 * ```
 *
 * The outer schedule has the concurrency, the rate and the stages; the inner one has the retries, and
 * what is known of hosts.
 */
export class FlowPipeline implements RunningPipeline {
  readonly #options: RunOptions;
  readonly #flow: LoadedFlow;
  readonly #requests: FlowRequests;
  readonly #storage = new AsyncLocalStorage<Iteration>();
  #parts!: FlowParts;
  #hooks!: FlowHooks;
  #pipeline!: Pipeline;
  #hasToldOfStray = false;
  /** Why no host can be reached; undefined while some can. */
  #noProgress: NoProgressError | undefined;

  /**
   * Loads the module of the flow, and opens the engine; connects to nothing.
   *
   * @throws {UsageError} If the module cannot be used, or the engine.
   */
  static async open(
    options: RunOptions,
    hooks: Omit<RequestHooks, "onRetry" | "onFailure">,
  ): Promise<FlowPipeline> {
    // Standard output has the records or the summary, which other programs read.
    console.log = console.info = console.debug = console.error;
    const flow = await loadFlow(options.flow!.path);
    const requests = await FlowRequests.open(options, {
      ...hooks,
      onRetry: (cause, result) => pipeline.#parts.recorder.recordRetry(cause, result),
      onFailure: (reason) => pipeline.#giveUp(reason),
    });
    const pipeline = new FlowPipeline(options, flow, requests);
    return pipeline;
  }

  private constructor(options: RunOptions, flow: LoadedFlow, requests: FlowRequests) {
    this.#options = options;
    this.#flow = flow;
    this.#requests = requests;
  }

  /** Puts it between a source and the outputs. Call it once, before {@linkcode run}. */
  begin(parts: FlowParts, hooks: FlowHooks): void {
    const { source, stats, recorder, timer, durationMs, isResumable } = parts;
    const options = this.#options;
    this.#parts = parts;
    this.#hooks = hooks;
    const engine = new FlowEngine({
      flow: this.#flow,
      requests: this.#requests,
      timeoutMs: options.iterationTimeoutMs,
      storage: this.#storage,
    });
    this.#pipeline = new Pipeline({
      source,
      engine,
      check: undefined,
      stats,
      timer,
      recorder: {
        record: () => {},
        recordRetry: () => {},
        recordStart: (ms) => recorder.recordStart(ms),
        recordLateStart: (ms) => recorder.recordLateStart(ms),
      },
    }, {
      concurrency: options.concurrency,
      rate: options.rate,
      rampUpMs: options.rampUpMs,
      stages: options.stages,
      think: options.think,
      // Hosts and retries are the business of the requests.
      hostConcurrency: undefined,
      hostDelayMs: undefined,
      hostRate: undefined,
      hostGiveUpMs: Infinity,
      pauses: false,
      giveUpAfterMs: undefined,
      retry: { ...options.retry, retries: 0, on: new Set(), expected: undefined },
      hasOneHost: true,
      durationMs,
      isResumable,
    }, {
      onResult: (result) => this.#keep(result as IterationResult),
      onNotice: hooks.onNotice,
    });
  }

  #keep({ target: { i }, outcome }: IterationResult): MaybePromise<void> {
    const { recorder } = this.#parts;
    for (const result of outcome.results) recorder.record(result);
    recorder.recordIteration(outcome);
    return this.#hooks.onIteration(outcome.results, i);
  }

  run(): Promise<void> {
    addEventListener("unhandledrejection", this.#onRejection);
    addEventListener("error", this.#onError);
    return this.#pipeline.run();
  }

  /** A promise of the flow that nobody awaited must not end the process. */
  readonly #onRejection = (event: PromiseRejectionEvent): void => {
    const iteration = this.#storage.getStore();
    if (iteration === undefined && isOfProgram(event.reason, this.#flow)) return;
    event.preventDefault();
    this.#takeStray(iteration, event.reason);
  };

  /** Nor must what a timer of the flow has thrown. Nothing tells of which iteration it was. */
  readonly #onError = (event: ErrorEvent): void => {
    if (isOfProgram(event.error, this.#flow)) return;
    event.preventDefault();
    this.#takeStray(undefined, event.error);
  };

  #takeStray(iteration: Iteration | undefined, reason: unknown): void {
    if (iteration?.isOver === false) return iteration.fail(reason);
    if (this.#hasToldOfStray) return;
    this.#hasToldOfStray = true;
    const what = describeThrown(reason, this.#flow);
    this.#hooks.onNotice(`the flow has thrown where it awaited nothing any more: ${what}`);
  }

  stop(): void {
    this.#pipeline.stop();
  }

  cancel(): void {
    this.#pipeline.cancel();
  }

  fail(reason: unknown): void {
    this.#pipeline.fail(reason);
  }

  /** Ends because of requests: what was done so far is as whole as that of a run without a flow. */
  #giveUp(reason: unknown): void {
    if (!(reason instanceof NoProgressError)) return this.fail(reason);
    this.#noProgress ??= reason;
    this.stop();
    this.cancel();
  }

  /**
   * Closes the connections. What ended iterations still throw while the outputs are written is not of
   * the program either, so that it goes on listening for that.
   */
  async close(): Promise<void> {
    await this.#pipeline?.close();
    await this.#requests.close();
  }

  get isShut(): boolean {
    return this.#pipeline.isShut;
  }

  get isCutShort(): boolean {
    return this.#noProgress !== undefined || this.#pipeline.isCutShort;
  }

  get sourceFailure(): unknown {
    return this.#noProgress ?? this.#pipeline.sourceFailure;
  }

  get stats(): Stats {
    return this.#parts.stats;
  }

  get engine(): Pick<Engine, "name" | "transport"> {
    return this.#requests.engine;
  }

  get workersBusy(): readonly number[] {
    return [];
  }

  /** Iterations are what is in flight; the rest is about requests. */
  get activity(): Activity {
    const { inFlight } = this.#pipeline?.activity ?? IDLE;
    return { ...this.#requests.activity, inFlight };
  }

  /** How many iterations were begun and have no result yet. */
  get openCount(): number {
    return this.#pipeline.openCount;
  }
}
