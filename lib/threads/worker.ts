/**
 * The code of a worker: one event loop with a pipeline of its own.
 *
 * @module
 */
import type { ResponseCheck } from "../check/response_check.ts";
import type { Engine } from "../engine/engine.ts";
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
  readonly #setup: WorkerSetup;
  readonly #openEngine: typeof openEngine;
  readonly #source: BlockSource;
  readonly #loop = new EventLoopLoad();
  #engine: Engine | undefined;
  #check: ResponseCheck | undefined;
  #pipeline: Pipeline | undefined;
  #sender: ResultSender | undefined;

  constructor(scope: WorkerScope, setup: WorkerSetup, open: typeof openEngine) {
    this.#scope = scope;
    this.#setup = setup;
    this.#openEngine = open;
    this.#source = new BlockSource(setup.options, () => this.#send({ type: "wants" }));
  }

  #send(message: FromWorker, transfer: Transferable[] = []): void {
    this.#scope.postMessage(message, transfer);
  }

  /** Opens the engine. */
  async open(): Promise<void> {
    const { engine, check } = await this.#openEngine(this.#setup.options, {
      permits: createHostCheck(),
      cookies: undefined,
      bodyFor: undefined,
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

  async #run({ durationMs, isResumable, hasOneHost }: BeginMessage): Promise<void> {
    const { options } = this.#setup;
    const engine = this.#engine!;
    const stats = new Stats(options);
    const pipeline = new Pipeline(
      { source: this.#source, engine, check: this.#check, stats },
      { ...options, durationMs, hasOneHost, isResumable },
      {
        onResult: (result) => sender.write(result),
        onNotice: (text) => this.#send({ type: "notice", text }),
      },
    );
    const sender = await ResultSender.open(options, {
      isResumable,
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
    await pipeline.close();
    this.#send({ type: "done" });
  }

  #fail(error: unknown): void {
    this.#sender?.close();
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
  let run: WorkerRun | undefined;
  scope.onmessage = ({ data }) => {
    if (data.type !== "open") return run!.take(data);
    run = new WorkerRun(scope, data.setup, open);
    run.open().catch((error) => scope.postMessage({ type: "failed", error: packError(error) }));
  };
}
