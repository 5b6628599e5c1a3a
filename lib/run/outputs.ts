/**
 * Where the results of a run go, and the journal that lets it be gone on with.
 *
 * @module
 */
import { Checkpoint, type CheckpointOptions } from "../checkpoint/checkpoint.ts";
import { countDone } from "../checkpoint/done_set.ts";
import type { JournalState } from "../checkpoint/journal.ts";
import { ResumePoint } from "../checkpoint/resume.ts";
import type { RunOptions } from "../options/run_options.ts";
import { type LineWriter, openLineWriter, STDOUT } from "../output/line_writer.ts";
import { openFailures, openRecords } from "../output/open_output.ts";
import type { Output } from "../output/output.ts";
import type { Result } from "../result.ts";
import { Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";

/** What came of the requests that a retry was to make again. */
export interface MadeAgain {
  /** How many it was to make. */
  readonly wanted: number;
  /** How many it made, and how many of them failed again. */
  readonly count: number;
  readonly failed: number;
}

/** Called with what the journal is to say of a moment. */
export type JournalSnapshot = CheckpointOptions["now"];

/** The outputs of a run. */
export class Outputs {
  readonly #options: RunOptions;
  /** What is there already; undefined without an output that can be gone on with. */
  readonly #beginning: ResumePoint | undefined;
  readonly #outputs: Output[] = [];
  #summary: LineWriter | undefined;
  #hdr: LineWriter | undefined;
  #checkpoint: Checkpoint | undefined;
  /** What was counted before, and what is to be counted. */
  stats: Stats;

  /**
   * Looks at what is there already, and changes nothing.
   *
   * @throws {UsageError} If it is not to be written.
   */
  static async find(options: RunOptions): Promise<Outputs> {
    const { output } = options;
    return new Outputs(
      options,
      output === undefined || output.path === "-"
        ? undefined
        : await ResumePoint.find({ ...options, output }),
    );
  }

  private constructor(options: RunOptions, beginning: ResumePoint | undefined) {
    this.#options = options;
    this.#beginning = beginning;
    this.stats = new Stats(options);
  }

  /** What the journal says of the run so far; undefined without one. */
  get restored(): JournalState | undefined {
    return this.#beginning?.state;
  }

  /** Whether there was a run to go on with. */
  get isResumed(): boolean {
    return this.#beginning?.isResumed ?? false;
  }

  /** Which numbers the source has to give: what stands before them is done. */
  get remainingRange(): { start: number; count: number } {
    const { start, requests, retryFailed } = this.#options;
    if (this.#beginning?.state === undefined || retryFailed) return { start, count: requests };
    const { numbering: { first, step }, state: { done } } = this.#beginning;
    const from = first + done.low * step;
    return { start: from, count: Math.max(0, start + requests - from) };
  }

  /** Whether the run that is gone on with counted lines by LF and CRLF only. */
  get onlyLf(): boolean {
    return this.restored !== undefined && !this.restored.crEndsLines;
  }

  /** How many requests there will be in the end, if a source has so many; undefined if none knows. */
  computeTotal(ofSource: number | undefined): number | undefined {
    const { restored } = this;
    if (restored?.retry) return this.#keptByRetry! + restored.retry.count;
    return ofSource === undefined ? undefined : ofSource + (restored?.done.low ?? 0);
  }

  /** Requests that a retry keeps as they were; undefined if this is none. */
  get #keptByRetry(): number | undefined {
    const { restored } = this;
    if (!restored?.retry) return undefined;
    return restored.stats.requests - countDone(restored.retry.done);
  }

  /**
   * What a retry has made again so far, also before it was gone on with; undefined if this is none.
   */
  get madeAgain(): MadeAgain | undefined {
    const kept = this.#keptByRetry;
    if (kept === undefined) return undefined;
    const count = this.stats.requests - kept;
    return { wanted: this.restored!.retry!.count, count, failed: this.stats.failed };
  }

  /** Whether nothing is left to be requested. */
  get isComplete(): boolean {
    const { restored } = this;
    return this.#options.retryFailed ? restored?.retry?.count === 0 : restored?.complete ?? false;
  }

  /**
   * Opens the files to be written. Nothing was changed before.
   *
   * @param now asked for what a journal is to say besides what is done
   * @param onFailure called if one cannot be written any more
   * @throws {UsageError} If one of them cannot be written.
   */
  async open(now: JournalSnapshot, onFailure: (error: unknown) => void): Promise<void> {
    const { failures, summary, hdr, output } = this.#options;
    const beginning = this.#beginning;
    await beginning?.prepareFiles();
    // Only now: a retry begins without what failed.
    if (this.restored !== undefined) {
      this.stats = Stats.from(this.restored.stats, this.#options);
    }
    if (beginning !== undefined) this.#outputs.push(beginning.output);
    else if (output !== undefined) {
      await this.#begin(await openRecords(STDOUT, { ...this.#options, output }));
    }
    if (beginning?.failures !== undefined) this.#outputs.push(beginning.failures);
    else if (failures !== undefined) {
      await this.#begin(await openFailures(failures, this.#options));
    }
    if (summary !== undefined) this.#summary = await openLineWriter(summary, { flag: "--summary" });
    if (hdr !== undefined) this.#hdr = await openLineWriter(hdr, { flag: "--hdr" });
    if (beginning?.state === undefined) return;
    if (beginning.state.complete && !this.#options.retryFailed) return;
    this.#checkpoint = new Checkpoint({
      path: beginning.journal,
      before: beginning.state,
      output: this.#outputs[0],
      failures: this.#outputs[1],
      numbers: beginning.numbering,
      failed: beginning.failed,
      now,
      onFailure,
    });
  }

  /** Adds an output that has no journal. */
  async #begin(output: Output): Promise<void> {
    this.#outputs.push(output);
    await output.cutTo(0);
  }

  /** Lets go of everything where the run cannot begin. */
  async abandon(): Promise<void> {
    if (this.#outputs.length === 0) return await this.#beginning?.abandon();
    for (const output of this.#outputs) await output.close().catch(() => {});
  }

  /** Of a source, what is not done yet. */
  pending(source: Source<Target>): Source<Target> {
    return this.#checkpoint?.pending(source) ?? source;
  }

  /**
   * Takes a result. One that was given up is no result where the run can be gone on with: then it
   * is requested again.
   *
   * @returns a promise if the caller has to wait before it gives more
   */
  take(result: Result): MaybePromise<void> {
    if (this.#checkpoint !== undefined && result.error === "cancelled") return;
    this.stats.record(result);
    let written: MaybePromise<unknown>;
    for (const output of this.#outputs) {
      const full = output.write(result);
      if (full !== undefined) written = written === undefined ? full : Promise.all([written, full]);
    }
    this.#checkpoint?.add(result.target);
    return written as MaybePromise<void>;
  }

  /**
   * Ends everything.
   *
   * @param end how the run ended: at its end, before, or so that nothing more is to be written
   * @param texts those for the summary, and for the latency by percentile
   * @throws {OutputError} If something could not be written.
   */
  async close(
    end: "complete" | "interrupted" | "failed",
    texts: { summary(): string; hdr(): string },
  ): Promise<void> {
    let failure: unknown;
    const keep = (error: unknown): void => void (failure ??= error);
    if (end === "failed") await this.#checkpoint?.stop();
    else await this.#checkpoint?.finish(end === "complete").catch(keep);
    await this.#beginning?.removeRetryFiles(failure === undefined && end === "complete").catch(
      keep,
    );
    for (const output of this.#outputs) await output.close().catch(keep);
    for (
      const [file, text] of [[this.#summary, texts.summary], [this.#hdr, texts.hdr]] as const
    ) {
      try {
        await file?.write(text());
        await file?.close();
      } catch (error) {
        keep(error);
      }
    }
    if (failure !== undefined) throw failure;
  }
}
