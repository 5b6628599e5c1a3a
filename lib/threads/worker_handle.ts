import { UsageError } from "../errors.ts";
import { IDLE } from "../run/pipeline.ts";
import type { FromWorker, ToWorker, WorkerState } from "./messages.ts";

/** How long a worker may take to close its connections. */
const CLOSE_MS = 1_000;

const NOT_READY: WorkerState = {
  activity: IDLE,
  isShut: false,
  loopBusy: 0,
  engine: "",
  hasResponses: false,
  transport: "portable",
};

/** A worker, as the main thread sees it. */
export class WorkerHandle {
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #isReady = false;
  /** Whether it has closed its connections, or has failed. */
  #hasEnded = false;
  /** What it told last. */
  state: WorkerState = NOT_READY;
  /** Settles once its results so far are taken. */
  taken: Promise<void> = Promise.resolve();

  /** @param take is called with each message, until the worker is ended */
  constructor(worker: Worker, take: (from: WorkerHandle, message: FromWorker) => void) {
    this.#worker = worker;
    // Nobody may be waiting when it fails.
    this.#ready.promise.catch(() => {});
    this.#done.promise.catch(() => {});
    worker.onmessage = ({ data }) => take(this, data);
    worker.onmessageerror = () => this.#onFault("a message of it cannot be read");
    worker.onerror = (event) => {
      // Else the error would end the process.
      event.preventDefault();
      this.#onFault(event.message);
    };
  }

  #onFault(message: string): void {
    this.#hasEnded = true;
    this.fail(
      this.#isReady
        ? new Error(`Cannot go on: a thread has failed: ${message}`)
        : new UsageError(`Cannot use '--threads': a thread does not start: ${message}`),
    );
  }

  /** Settles once its engine is open. @throws What has kept it from that. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Settles once it has ended all that it had begun. @throws What has kept it from that. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Settles once it starts no more requests, after it was told so or by itself. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  onReady(state: WorkerState): void {
    this.#isReady = true;
    this.state = state;
    this.#ready.resolve();
  }

  onStopped(state: WorkerState): void {
    this.state = state;
    this.#stopped.resolve();
  }

  onDone(): void {
    this.#hasEnded = true;
    this.#stopped.resolve();
    this.#done.resolve();
  }

  /** It told that it could not go on. It has closed its connections. */
  onFailed(error: unknown): void {
    this.#hasEnded = true;
    this.fail(error);
  }

  fail(error: unknown): void {
    this.#stopped.resolve();
    this.#ready.reject(error);
    this.#done.reject(error);
  }

  /** Ends it at once if it has closed its connections; else it does so first. */
  async end(): Promise<void> {
    if (!this.#hasEnded) {
      this.send({ type: "close" });
      let timer;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_MS));
      await Promise.race([this.done.catch(() => {}), late]);
      clearTimeout(timer);
    }
    this.#worker.onmessage = null;
    this.#worker.terminate();
  }
}
