import type { ResultLog } from "../checkpoint/log/result_log.ts";
import type { RunDefaults } from "../output/failure_lines.ts";
import type { Archiver } from "../output/archive/archiver.ts";
import { openFailureEncoder, openRecordEncoder } from "../output/open_output.ts";
import type { RecordEncoder } from "../output/record_encoder.ts";
import type { Result } from "../result.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise } from "../stream.ts";
import { countBytes, type FromWorker, type WorkerState } from "./messages.ts";
import type { WorkerOptions } from "./packed_options.ts";

/**
 * Results are sent at the latest with so many bytes of records, and after this time. A message with
 * its statistics costs both threads about 0.1 ms, whatever it holds.
 */
const BLOCK_LENGTH = 256 * 1024;
const SEND_MS = 100;
/**
 * The maximum number of bytes of records that a worker keeps or has sent and that the main thread
 * has not taken; the results of requests that are in flight then still come on top.
 */
const MAX_UNTAKEN = 1024 * 1024;
/** How many numbers there is room for at first. */
const FIRST_NUMBERS = 1024;

/** What results are sent with. */
export interface SenderOptions {
  /** Whether the numbers of done requests are wanted. */
  readonly isResumable: boolean;
  readonly stats: Stats;
  /** Has the results before the main thread, which so gets them in larger blocks; undefined without. */
  readonly log: ResultLog | undefined;
  /** The bodies whose results are complete, which are taken out; undefined if nobody wants them. */
  readonly bodies: string[] | undefined;
  /** The number of the worker, from 0. */
  readonly thread: number;
  readonly getState: () => WorkerState;
  readonly send: (message: FromWorker, transfer: Transferable[]) => void;
  /** Called if the log cannot be written any more. */
  readonly onFailure: (error: unknown) => void;
}

/** What a sender encodes results with; undefined for an output that the run does not have. */
export interface Encoders {
  readonly records: RecordEncoder | undefined;
  readonly failures: RecordEncoder | undefined;
  /** Has the exchanges of the results that are written. */
  readonly archiver?: Pick<Archiver, "length" | "take"> | undefined;
}

/** Opens what a worker encodes results with. @param thread its number, from 0 */
export async function openEncoders(
  options: WorkerOptions & Pick<RunDefaults, "onWithheld">,
  thread: number,
): Promise<Encoders> {
  const { output, failures } = options;
  return {
    records: output && await openRecordEncoder({ ...options, output, thread }),
    failures: failures === undefined ? undefined : await openFailureEncoder(options),
  };
}

/** Encodes the results of a worker, and sends them to the main thread in blocks. */
export class ResultSender {
  readonly #options: SenderOptions;
  readonly #records: RecordEncoder | undefined;
  readonly #failures: RecordEncoder | undefined;
  readonly #archiver: Encoders["archiver"];
  readonly #timer: ReturnType<typeof setInterval>;
  /** The numbers of gathered results; as many as fit into a block. */
  #numbers = new Float64Array(FIRST_NUMBERS);
  #count = 0;
  /** How many bytes the main thread has not taken. */
  #untaken = 0;
  /** Fulfilled once there is room again; undefined if nobody waits. */
  #room: PromiseWithResolvers<void> | undefined;
  /** Which file of the log the main thread knows to take entries. */
  #sentFile = 0;
  /** The last state that was sent, as text. */
  #sentState = "";

  constructor({ records, failures, archiver }: Encoders, options: SenderOptions) {
    this.#options = options;
    this.#records = records;
    this.#failures = failures;
    this.#archiver = archiver;
    this.#timer = setInterval(() => {
      try {
        this.#sendNews();
      } catch (error) {
        this.#options.onFailure(error);
      }
    }, SEND_MS);
  }

  /**
   * Adds a result.
   *
   * @returns a promise if the caller has to wait before the next one
   */
  write(result: Result): MaybePromise<void> {
    const { log, isResumable } = this.#options;
    this.#records?.add(result);
    this.#failures?.add(result);
    if (isResumable) this.#addNumber(result.target.i);
    if (log?.isFull) log.endBlock();
    if (this.#gathered >= BLOCK_LENGTH) this.#send();
    if (this.#hasRoom) return;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  #addNumber(i: number): void {
    if (this.#count === this.#numbers.length) {
      const numbers = new Float64Array(2 * this.#count);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[this.#count++] = i;
  }

  /** About how many bytes of records have gathered. */
  get #gathered(): number {
    return (this.#records?.length ?? 0) + (this.#failures?.length ?? 0) +
      (this.#archiver?.length ?? 0);
  }

  get #hasRoom(): boolean {
    return this.#untaken + this.#gathered < MAX_UNTAKEN;
  }

  /** The main thread has taken so many bytes. */
  onTaken(bytes: number): void {
    this.#untaken -= bytes;
    if (!this.#hasRoom) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Sends what has gathered, unless nothing has happened since. */
  #sendNews(): void {
    const { stats, log } = this.#options;
    if (stats.requests > 0 || (log?.file ?? 0) !== this.#sentFile) return this.#send();
    if (toText(this.#options.getState()) !== this.#sentState) this.#send();
  }

  /** @param isLast whether nothing follows */
  #send(isLast = false): void {
    const state = this.#options.getState();
    const { stats, isResumable, log, bodies, thread, send } = this.#options;
    // The main thread is never ahead of the log.
    log?.endBlock();
    const records = this.#records?.take();
    const failures = this.#failures?.take();
    const exchanges = this.#archiver?.take();
    const numbers = isResumable ? this.#numbers.slice(0, this.#count) : undefined;
    this.#count = 0;
    this.#untaken += countBytes({ records, failures, exchanges, numbers });
    this.#sentState = toText(state);
    this.#sentFile = log?.file ?? 0;
    send(
      {
        type: "results",
        results: {
          records,
          failures,
          exchanges,
          numbers,
          bodies: bodies?.splice(0),
          stats: stats.take(),
          ...log === undefined ? {} : {
            log: { thread, number: log.number, file: isLast ? undefined : log.file },
          },
        },
        state,
      },
      [records?.bytes, failures?.bytes, exchanges?.bytes, numbers]
        .flatMap((it) => it === undefined ? [] : [it.buffer]),
    );
  }

  /**
   * Sends what is left.
   *
   * @throws {OutputError} If the log cannot be written.
   */
  close(): void {
    clearInterval(this.#timer);
    try {
      this.#send(true);
    } finally {
      this.#options.log?.close();
    }
  }
}

/** A state as text that differs where a user could see it. */
function toText(state: WorkerState): string {
  return JSON.stringify({ ...state, loopBusy: Math.round(state.loopBusy * 100) });
}
