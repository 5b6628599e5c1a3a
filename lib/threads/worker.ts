/**
 * The code of a worker: one event loop with a pipeline of its own.
 *
 * @module
 */
import type { ResponseCheck } from "../check/response_check.ts";
import type { Engine } from "../engine/engine.ts";
import type { Bodies } from "../output/bodies/bodies.ts";
import { EventLoopLoad } from "../process/event_loop_load.ts";
import { createHostCheck } from "../process/permission.ts";
import { openEngine } from "../run/open_engine.ts";
import { Pipeline } from "../run/pipeline.ts";
import { Stats } from "../stats/stats.ts";
import { BlockSource } from "./block_source.ts";
import {
  type BeginMessage,
  type FromWorker,
  packError,
  type ToWorker,
  type WorkerSetup,
} from "./messages.ts";
import { unpackOptions, type WorkerOptions } from "./packed_options.ts";
import { ResultSender } from "./result_sender.ts";

/** The scope of a worker, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

/** How many blocks a worker has in addition to the one that it is working on. */
const BLOCKS_AHEAD = 1;

/** The part of a run that one worker makes. */
class WorkerRun {
  readonly #scope: WorkerScope;
  readonly #options: WorkerOptions;
  readonly #source: BlockSource;
  readonly #loop = new EventLoopLoad();
  /** How many workers the run has. */
  readonly #count: number;
  #engine: Engine | undefined;
  #check: ResponseCheck | undefined;
  #pipeline: Pipeline | undefined;
  #sender: ResultSender | undefined;
  /** Where bodies are, while it runs; undefined if they are not saved. */
  #bodies: Bodies | undefined;

  constructor(scope: WorkerScope, setup: WorkerSetup) {
    this.#scope = scope;
    this.#options = unpackOptions(setup.options);
    this.#count = setup.count;
    this.#source = new BlockSource(this.#options, () => this.#send({ type: "wants" }));
  }

  #send(message: FromWorker, transfer: Transferable[] = []): void {
    this.#scope.postMessage(message, transfer);
  }

  /** Opens the engine. */
  async open(): Promise<void> {
    const { engine, check } = await openEngine(this.#options, {
      permits: createHostCheck(),
      cookies: undefined,
      bodyFor: this.#options.saveBodies === undefined
        ? undefined
        : (target, head) => this.#bodies!.bodyFor(target, head),
      onSinkFailure: (error) => this.#pipeline?.fail(error),
    });
    this.#engine = engine;
    this.#check = check;
    this.#send({ type: "ready" });
  }

  take(message: ToWorker): void {
    switch (message.type) {
      case "open":
        throw new Error("The worker is open");
      case "begin":
        return void this.#run(message).catch((error) => this.#fail(error));
      case "block":
        return this.#source.add(message.block);
      case "end":
        return this.#source.end();
      case "taken":
        return this.#sender?.onTaken(message.bytes);
      case "stop":
        return this.#pipeline?.stop();
      case "cancel":
        return this.#pipeline?.cancel();
    }
  }

  async #run({ durationMs, isResumable, hasOneHost, bodiesRun }: BeginMessage): Promise<void> {
    const options = this.#options;
    const engine = this.#engine!;
    const stats = new Stats(options);
    const pipeline = new Pipeline(
      { source: this.#source, engine, check: this.#check, stats },
      { ...options, durationMs, hasOneHost, isResumable },
      {
        onResult: (result) => sender.write(result),
        onUnfinished: (result) => sender.drop(result),
        onNotice: (text) => this.#send({ type: "notice", text }),
      },
    );
    this.#bodies = await this.#joinBodies(bodiesRun);
    const sender = await ResultSender.open(options, {
      isResumable,
      bodies: this.#bodies,
      stats,
      getState: () => ({
        activity: pipeline.activity,
        loopBusy: this.#loop.busy,
        engine: engine.name,
        transport: engine.transport,
      }),
      send: (message, transfer) => this.#send(message, transfer),
    });
    this.#pipeline = pipeline;
    this.#sender = sender;
    this.#loop.start();
    for (let k = 0; k <= BLOCKS_AHEAD; k++) this.#send({ type: "wants" });
    await pipeline.run();
    this.#loop.stop();
    sender.close();
    this.#bodies?.close();
    await pipeline.close();
    this.#send({ type: "done" });
  }

  async #joinBodies(run: string | undefined): Promise<Bodies | undefined> {
    if (run === undefined) return undefined;
    const { Bodies } = await import("../output/bodies/bodies.ts");
    return await Bodies.join(this.#options.saveBodies!, { run, threads: this.#count });
  }

  #fail(error: unknown): void {
    this.#sender?.close();
    this.#send({ type: "failed", error: packError(error) });
  }
}

/** Makes this thread a worker: it waits for the main thread's messages. */
function beWorker(scope: WorkerScope = globalThis as unknown as WorkerScope): void {
  let run: WorkerRun | undefined;
  scope.onmessage = ({ data }) => {
    if (data.type !== "open") return run!.take(data);
    run = new WorkerRun(scope, data.setup);
    run.open().catch((error) => scope.postMessage({ type: "failed", error: packError(error) }));
  };
}

if ("WorkerGlobalScope" in globalThis) beWorker();
