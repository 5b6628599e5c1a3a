import { unpackError } from "../threads/messages.ts";
import { startWorker, type WorkerCode } from "../threads/start_worker.ts";
import { NO_WORK, type Work } from "./run_worker.ts";
import type { FromThread, ToThread, WorkSetup } from "./work_messages.ts";

/** One of the threads, as the main thread sees it. */
interface Thread {
  readonly worker: Worker;
  inFlight: number;
}

/** What the threads are started with. */
export interface WorkThreadsOptions {
  readonly setup: Omit<WorkSetup, "place">;
  /** How many, from 2. */
  readonly count: number;
  /** Called with what the user of this process should know. */
  readonly say: (text: string) => void;
}

/** Several workers of one run, each in a thread of this process. */
export class WorkThreads {
  readonly #code: WorkerCode;
  readonly #options: WorkThreadsOptions;
  readonly #threads: Thread[] = [];
  #isLeaving = false;

  constructor(code: WorkerCode, options: WorkThreadsOptions) {
    this.#code = code;
    this.#options = options;
  }

  /**
   * Works until the run is over, or {@linkcode leave}. If a thread cannot go on, all of them leave.
   *
   * @throws What kept the first of them from going on.
   */
  async run(): Promise<Work> {
    const { setup, count } = this.#options;
    const failures: unknown[] = [];
    const works = Array.from({ length: count }, async (_, index) => {
      try {
        return await this.#start({ ...setup, place: { index, count } });
      } catch (error) {
        failures.push(error);
        this.leave();
        return NO_WORK;
      }
    });
    const done = await Promise.all(works);
    if (failures.length > 0) throw failures[0];
    return done.reduce((a, b) => ({
      slices: a.slices + b.slices,
      requests: a.requests + b.requests,
      lost: a.lost + b.lost,
    }), NO_WORK);
  }

  async #start(setup: WorkSetup): Promise<Work> {
    const thread: Thread = { worker: startWorker(this.#code, "work"), inFlight: 0 };
    const { worker } = thread;
    this.#threads.push(thread);
    try {
      return await new Promise<Work>((resolve, reject) => {
        const fault = (why: string): void =>
          reject(new Error(`Cannot go on: a thread has failed: ${why}`));
        worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
          if (data.type === "in flight") thread.inFlight = data.count;
          else if (data.type === "say") this.#options.say(data.text);
          else if (data.error === undefined) resolve(data.work);
          else reject(unpackError(data.error));
        };
        worker.onmessageerror = () => fault("a message of it cannot be read");
        worker.onerror = (event) => {
          // Else the error would end the process.
          event.preventDefault();
          fault(event.message);
        };
        this.#tell(thread, { type: "open", setup });
        if (this.#isLeaving) this.#tell(thread, { type: "leave" });
      });
    } finally {
      thread.inFlight = 0;
      worker.terminate();
    }
  }

  #tell({ worker }: Thread, message: ToThread): void {
    worker.postMessage(message);
  }

  /** As that of one worker. */
  leave(): number {
    this.#isLeaving = true;
    let inFlight = 0;
    for (const thread of this.#threads) {
      this.#tell(thread, { type: "leave" });
      inFlight += thread.inFlight;
    }
    return inFlight;
  }
}
