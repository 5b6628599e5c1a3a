import { createFailureFormatter } from "../output/failure_lines.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import type { Result } from "../result.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise } from "../stream.ts";
import type { FromWorker, WorkerState } from "./messages.ts";
import type { WorkerOptions } from "./packed_options.ts";

/** Results are sent at the latest after so many characters of records, and after this time. */
const BLOCK_LENGTH = 64 * 1024;
const SEND_MS = 50;
/** The maximum number of characters of records that the main thread has not taken. */
const MAX_UNTAKEN = 1024 * 1024;

/** What results are sent with. */
export interface SenderOptions {
  /** Whether the numbers of done requests are wanted. */
  readonly isResumable: boolean;
  /** The number of the worker, from 0. */
  readonly thread: number;
  readonly stats: Stats;
  readonly getState: () => WorkerState;
  readonly send: (message: FromWorker, transfer: Transferable[]) => void;
}

const encoder = new TextEncoder();

/** Encodes the results of a worker, and sends them to the main thread in blocks. */
export class ResultSender {
  readonly #options: SenderOptions;
  readonly #toRecord: ((result: Result) => string) | undefined;
  readonly #toFailure: ((result: Result) => string) | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #records = "";
  #failures = "";
  #numbers: number[] = [];
  /** How many bytes the main thread has not taken. */
  #untaken = 0;
  #wake: (() => void) | undefined;

  static async open(options: WorkerOptions, sender: SenderOptions): Promise<ResultSender> {
    const { output, captures, failures } = options;
    const writer = output && await OUTPUT_FORMATS[output.format].loadWriter();
    return new ResultSender(
      sender,
      writer?.createFormatter({
        fields: output!.fields,
        captures: captures.map(({ name }) => name),
        thread: sender.thread,
        isForTerminal: output!.path === "-" && Deno.stdout.isTerminal(),
      }),
      failures === undefined ? undefined : createFailureFormatter(options),
    );
  }

  private constructor(
    options: SenderOptions,
    toRecord: ((result: Result) => string) | undefined,
    toFailure: ((result: Result) => string) | undefined,
  ) {
    this.#options = options;
    this.#toRecord = toRecord;
    this.#toFailure = toFailure;
    this.#timer = setInterval(() => this.#send(), SEND_MS);
  }

  write(result: Result): MaybePromise<void> {
    if (this.#toRecord !== undefined) this.#records += this.#toRecord(result);
    if (this.#toFailure !== undefined) this.#failures += this.#toFailure(result);
    if (this.#options.isResumable) this.#numbers.push(result.target.i);
    if (this.#records.length + this.#failures.length < BLOCK_LENGTH) return;
    this.#send();
    if (this.#untaken < MAX_UNTAKEN) return;
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** The main thread has taken so many bytes. */
  onTaken(bytes: number): void {
    this.#untaken -= bytes;
    if (this.#untaken < MAX_UNTAKEN) this.#wake?.();
  }

  #send(): void {
    const encode = (text: string) => text === "" ? undefined : encoder.encode(text);
    const records = encode(this.#records);
    const failures = encode(this.#failures);
    const numbers = this.#options.isResumable ? Float64Array.from(this.#numbers) : undefined;
    this.#records = this.#failures = "";
    this.#numbers = [];
    this.#untaken += (records?.length ?? 0) + (failures?.length ?? 0);
    const stats = this.#options.stats.take();
    this.#options.send(
      {
        type: "results",
        results: { records, failures, numbers, stats },
        state: this.#options.getState(),
      },
      [records, failures, numbers].filter((it) => it !== undefined).map(({ buffer }) => buffer),
    );
  }

  /** Sends what is left. */
  close(): void {
    clearInterval(this.#timer);
    this.#send();
  }
}
