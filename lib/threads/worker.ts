/**
 * The code of a worker: one event loop with a pipeline of its own.
 *
 * @module
 */
import type { ResultLog } from "../checkpoint/log/result_log.ts";
import type { ResponseCheck } from "../check/response_check.ts";
import type { SharedJar } from "../cookies/shared_jar.ts";
import type { Engine } from "../engine/engine.ts";
import type { ArchiveThread } from "../output/archive/archive_thread.ts";
import type { Bodies } from "../output/bodies/bodies.ts";
import { EventLoopLoad } from "../process/event_loop_load.ts";
import { createHostCheck } from "../process/permission.ts";
import { PreciseTimer } from "../schedule/precise_timer.ts";
import { openEngine } from "../run/open_engine.ts";
import { openRecorder } from "../run/open_recorder.ts";
import { IDLE, Pipeline } from "../run/pipeline.ts";
import type { MakeTarget } from "../source/item.ts";
import { openMaker } from "../source/make_target.ts";
import { addIds } from "../source/request_id.ts";
import { Targets } from "../source/targets.ts";
import { Stats } from "../stats/stats.ts";
import { BlockSource } from "./block_source.ts";
import {
  type BeginMessage,
  type FromWorker,
  packError,
  type ToWorker,
  type WorkerSetup,
  type WorkerState,
} from "./messages.ts";
import { unpackOptions, type WorkerOptions } from "./packed_options.ts";
import { type Encoders, openEncoders, ResultSender } from "./result_sender.ts";

/** The scope of a worker, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

/** How long a worker stays after it has closed its connections. */
const LAST_WORDS_MS = 0;

/** The part of a run that one worker makes. */
class WorkerRun {
  readonly #scope: WorkerScope;
  readonly #options: WorkerOptions;
  readonly #openEngine: typeof openEngine;
  readonly #source: BlockSource;
  readonly #loop = new EventLoopLoad();
  /** Its place among the workers of the run, from 0, and how many there are. */
  readonly #index: number;
  readonly #count: number;
  #make: MakeTarget | undefined;
  #engine: Engine | undefined;
  #check: ResponseCheck | undefined;
  /** Undefined without a rate. */
  #timer: PreciseTimer | undefined;
  #jar: SharedJar | undefined;
  #pipeline: Pipeline | undefined;
  #encoders: Encoders | undefined;
  #sender: ResultSender | undefined;
  /** What a log is made of, loaded before the connections may take all descriptors. */
  #ResultLog: typeof ResultLog | undefined;
  /** What its results are written to first, while it runs; undefined without. */
  #log: ResultLog | undefined;
  #hasResponses = false;
  /** Whether it may have been told to stop before it had begun. */
  #isStopped = false;
  #joinBodies: Awaited<ReturnType<typeof Bodies.loadJoin>> | undefined;
  /** Where bodies are, while it runs; undefined if they are not saved. */
  #bodies: Bodies | undefined;
  #createArchive:
    | ((...args: ConstructorParameters<typeof ArchiveThread>) => ArchiveThread)
    | undefined;
  /** Packs exchanges, while it runs; undefined if they are not saved. */
  #archive: ArchiveThread | undefined;

  constructor(scope: WorkerScope, setup: WorkerSetup, open: typeof openEngine) {
    this.#scope = scope;
    this.#openEngine = open;
    this.#options = unpackOptions(setup.options);
    this.#index = setup.index;
    this.#count = setup.count;
    this.#source = new BlockSource(this.#options.shard.count, () => this.#send({ type: "wants" }));
  }

  #send(message: FromWorker, transfer: Transferable[] = []): void {
    this.#scope.postMessage(message, transfer);
  }

  /** Opens the engine, and loads all that is needed later. @param cookies the first ones; undefined without a jar */
  async open({ cookies, columns, seed, budget, transcripts }: WorkerSetup): Promise<void> {
    this.#make = await openMaker({ ...this.#options, seed, template: this.#options.url }, columns);
    if (cookies !== undefined) {
      const { SharedJar } = await import("../cookies/shared_jar.ts");
      this.#jar = new SharedJar(
        cookies,
        (cookies) => this.#send({ type: "cookies", cookies }),
      );
    }
    const { engine, check } = await this.#openEngine(this.#options, {
      permits: createHostCheck(),
      budget,
      cookies: this.#jar,
      bodyFor: this.#options.saveBodies === undefined
        ? undefined
        : (target, head) => this.#bodies!.bodyFor(target, head),
      exchanges: this.#options.archive === undefined
        ? undefined
        : { begin: (target) => this.#archive!.begin(target) },
      onSinkFailure: (error) => this.#pipeline?.fail(error),
      transcripts,
    });
    this.#engine = engine;
    this.#check = check;
    const onWithheld = (): void => this.#send({ type: "withheld" });
    if (this.#options.output !== undefined) {
      this.#ResultLog = (await import("../checkpoint/log/result_log.ts")).ResultLog;
    }
    this.#encoders = await openEncoders({ ...this.#options, onWithheld }, this.#index);
    if (this.#options.saveBodies !== undefined) {
      const { Bodies } = await import("../output/bodies/bodies.ts");
      this.#joinBodies = await Bodies.loadJoin();
    }
    if (this.#options.archive !== undefined) {
      const { ArchiveThread } = await import("../output/archive/archive_thread.ts");
      this.#createArchive = (archive, run) => new ArchiveThread(archive, run);
    }
    if (this.#options.rate !== undefined) this.#timer = await PreciseTimer.open();
    this.#send({ type: "ready", state: this.#state });
  }

  take(message: ToWorker): void {
    switch (message.type) {
      case "open":
        throw new Error("The worker is open");
      case "begin":
        return void this.#run(message)
          .then(() => this.#sendDone(), (error) => this.#fail(error));
      case "block":
        return this.#source.add(message.block);
      case "end":
        return this.#source.end();
      case "taken":
        return this.#sender?.onTaken(message.bytes);
      case "cookies":
        return this.#jar?.add(message.cookies);
      case "news":
        return this.#pipeline?.learn(message.news);
      case "turn":
        return this.#log?.switchTo(message.file);
      case "stop":
        this.#isStopped = true;
        this.#pipeline?.stop();
        return this.#send({ type: "stopped", state: this.#state });
      case "cancel":
        return this.#pipeline?.cancel();
      case "close":
        return this.#close();
    }
  }

  async #run(
    { durationMs, isResumable, hasOneHost, bodiesRun, ids, log: place, shared }: BeginMessage,
  ): Promise<void> {
    const options = this.#options;
    const make = ids === undefined ? this.#make! : addIds(this.#make!, ids);
    const source = new Targets(this.#source, make);
    const stats = new Stats(options);
    if (bodiesRun !== undefined) {
      const { saveBodies, archive } = options;
      const isSynced = options.sync === "always";
      const run = { run: bodiesRun, threads: this.#count, isSynced };
      this.#bodies = this.#joinBodies?.(saveBodies!, run);
      this.#archive = this.#createArchive?.(archive!, { ...run, thread: this.#index });
    }
    const encoders = { ...this.#encoders!, archiver: this.#archive };
    const bodies = place && this.#bodies?.keepChecks();
    const isKept = this.#bodies !== undefined && isResumable && options.sync === "interval";
    const kept: string[] | undefined = isKept ? [] : undefined;
    if (kept !== undefined) {
      this.#bodies!.onKept = (name) => void kept.push(name);
    }
    const log = place && new this.#ResultLog!(place, {
      thread: this.#index,
      concurrency: options.concurrency,
      encoders: { ...encoders, bodies, mark: bodiesRun },
      stats,
      isNamed: options.top !== undefined,
    });
    this.#log = log;
    const recorder = await openRecorder(log ?? stats, options);
    const pipeline = new Pipeline(
      { source, engine: this.#engine!, check: this.#check, stats, recorder, timer: this.#timer },
      { ...options, durationMs, hasOneHost, isResumable, shared },
      {
        complete: (result) =>
          this.#bodies?.annotate(result) ??
            this.#archive?.complete(result, isResumable && result.error === "cancelled") ?? result,
        onResult: (result) => {
          this.#hasResponses ||= result.status !== null;
          return sender.write(result);
        },
        onNotice: (text) => this.#send({ type: "notice", text }),
        onNews: (news) => this.#send({ type: "news", news }),
      },
    );
    this.#pipeline = pipeline;
    const sender = new ResultSender(encoders, {
      isResumable,
      stats,
      log,
      bodies: kept,
      thread: this.#index,
      getState: () => this.#state,
      send: (message, transfer) => this.#send(message, transfer),
      onFailure: (error) => pipeline.fail(error),
    });
    this.#sender = sender;
    this.#loop.start();
    this.#source.begin();
    // While the modules of a warm-up were loaded, perhaps.
    if (this.#isStopped) pipeline.stop();
    try {
      await pipeline.run();
    } finally {
      this.#loop.stop();
      this.#jar?.flush();
      this.#log = undefined;
      try {
        sender.close();
      } finally {
        this.#bodies?.close();
        this.#archive?.close();
        await pipeline.close();
        // What ends the connections is sent in the turns that follow, before the worker is ended.
        await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
      }
    }
  }

  get #state(): WorkerState {
    const engine = this.#engine!;
    const pipeline = this.#pipeline;
    return {
      activity: pipeline?.activity ?? IDLE,
      isShut: pipeline?.isShut ?? false,
      loopBusy: this.#loop.busy,
      engine: engine.name,
      hasResponses: this.#hasResponses,
      transport: engine.transport,
    };
  }

  #sendDone(): void {
    const failure = this.#pipeline!.sourceFailure;
    this.#send({ type: "done", failure: failure === undefined ? undefined : packError(failure) });
  }

  #close(): void {
    if (this.#pipeline === undefined) {
      this.#engine?.close();
      this.#timer?.close();
      return this.#send({ type: "done" });
    }
    // Nobody takes results any more, so that nothing may wait for that.
    this.#sender?.onTaken(Infinity);
    this.#pipeline.fail(new Error("The run has ended"));
  }

  #fail(error: unknown): void {
    this.#send({ type: "failed", error: packError(error) });
  }
}

/**
 * Makes this thread a worker: it waits for the main thread's messages.
 *
 * @param open opens its engine; the benches have an engine of their own
 */
export function beWorker(open = openEngine): void {
  const scope = globalThis as unknown as WorkerScope;
  // Deno would print the stack of an error that nothing catches.
  const onFault = (event: Event, reason: unknown): void => {
    event.preventDefault();
    const error = new Error(`Cannot go on: a thread has failed: ${reason}`);
    scope.postMessage({ type: "failed", error: packError(error) });
  };
  addEventListener("error", (event) => onFault(event, event.error));
  addEventListener("unhandledrejection", (event) => onFault(event, event.reason));
  let run: WorkerRun | undefined;
  scope.onmessage = ({ data }) => {
    if (data.type !== "open") return run?.take(data);
    run = new WorkerRun(scope, data.setup, open);
    run.open(data.setup)
      .catch((error) => scope.postMessage({ type: "failed", error: packError(error) }));
  };
}
