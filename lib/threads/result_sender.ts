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
  readonly getState: () => WorkerState;
  readonly send: (message: FromWorker, transfer: Transferable[]) => void;
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
  /** The last state that was sent, as text. */
  #sentState = "";

  constructor({ records, failures, archiver }: Encoders, options: SenderOptions) {
    this.#options = options;
    this.#records = records;
    this.#failures = failures;
    this.#archiver = archiver;
    this.#timer = setInterval(() => this.#sendNews(), SEND_MS);
  }

  /**
   * Adds a result.
   *
   * @returns a promise if the caller has to wait before the next one
   */
  write(result: Result): MaybePromise<void> {
    this.#records?.add(result);
    this.#failures?.add(result);
    if (this.#options.isResumable) this.#addNumber(result.target.i);
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
    if (this.#options.stats.requests > 0) return this.#send();
    if (toText(this.#options.getState()) !== this.#sentState) this.#send();
  }

  #send(): void {
    const state = this.#options.getState();
    const { stats, isResumable, send } = this.#options;
    const records = this.#records?.take();
    const failures = this.#failures?.take();
    const exchanges = this.#archiver?.take();
    const numbers = isResumable ? this.#numbers.slice(0, this.#count) : undefined;
    this.#count = 0;
    this.#untaken += countBytes({ records, failures, exchanges, numbers });
    this.#sentState = toText(state);
    send(
      {
        type: "results",
        results: { records, failures, exchanges, numbers, stats: stats.take() },
        state,
      },
      [records?.bytes, failures?.bytes, exchanges?.bytes, numbers]
        .flatMap((it) => it === undefined ? [] : [it.buffer]),
    );
  }

  /** Sends what is left. */
  close(): void {
    clearInterval(this.#timer);
    this.#send();
  }
}

/** A state as text that differs where a user could see it. */
function toText(state: WorkerState): string {
  return JSON.stringify({ ...state, loopBusy: Math.round(state.loopBusy * 100) });
}
