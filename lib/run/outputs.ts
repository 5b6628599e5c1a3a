/**
 * The outputs of a run, and the journal that lets a later run resume it.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Checkpoint, CheckpointOptions } from "../checkpoint/checkpoint.ts";
import { countDone } from "../checkpoint/done_set.ts";
import type { ClusterState } from "../checkpoint/cluster_state.ts";
import type { JournalState } from "../checkpoint/journal.ts";
import type { LogEncoders } from "../checkpoint/log/result_log.ts";
import type { LogMark, RunLog } from "../checkpoint/log/run_log.ts";
import type { ResumePoint } from "../checkpoint/resume.ts";
import type { EngineOptions } from "../engine/options.ts";
import { UsageError } from "../errors.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { PackedExchanges } from "../output/archive/packed_exchanges.ts";
import type { RunArchive } from "../output/archive/run_archive.ts";
import type { Bodies } from "../output/bodies/bodies.ts";
import type { BodySync } from "../output/bodies/body_sync.ts";
import type { LineWriter } from "../output/line_writer.ts";
import type { RunDefaults } from "../output/failure_lines.ts";
import type { Output } from "../output/output.ts";
import type { EncodedRecords, RecordEncoder } from "../output/record_encoder.ts";
import { describeWriteError } from "../process/os_error.ts";
import type { Result } from "../result.ts";
import { Stats } from "../stats/stats.ts";
import type { WarmUpStats } from "../stats/warm_up.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { FinalText } from "./final_texts.ts";

/** The outcome of the requests that a retry was to make again. */
export interface MadeAgain {
  /** How many requests it was to make. */
  readonly wanted: number;
  /** How many of them it made, and how many of those failed again. */
  readonly count: number;
  readonly failed: number;
}

/** Results that a worker has encoded. */
export interface EncodedResults {
  /** Undefined without any. */
  readonly records: EncodedRecords | undefined;
  /** The requests that failed; undefined without any. */
  readonly failures: EncodedRecords | undefined;
  /** Their exchanges; undefined without any, or where none are kept. */
  readonly exchanges?: PackedExchanges | undefined;
  /** The numbers of all these requests; undefined without a journal. */
  readonly numbers: Float64Array<ArrayBuffer> | undefined;
  /** The bodies in files of their own that the journal waits for; missing if it does not. */
  readonly bodies?: readonly string[] | undefined;
  /** How far the log of the worker has them; missing without one. */
  readonly log?: LogMark & { readonly thread: number };
}

/** Returns the part of the journal that tells about the whole run so far. */
export type JournalSnapshot = CheckpointOptions["now"];

/** What the outputs of a run are made for. */
export type OutputsOptions = RunOptions & Pick<RunDefaults, "onWithheld">;

/** The outputs of a run. */
export class Outputs {
  readonly #options: OutputsOptions;
  /** The run so far; undefined without an output that can be resumed. */
  readonly #beginning: ResumePoint | undefined;
  readonly #outputs: Output[] = [];
  /** What is written at the end, in the order of the command line. */
  readonly #texts: { readonly file: LineWriter; readonly text: FinalText }[] = [];
  #bodies: Bodies | undefined;
  /** Brings bodies to the disk before a journal counts them; undefined if none waits for them. */
  #bodySync: BodySync | undefined;
  #archive: RunArchive | undefined;
  #checkpoint: Checkpoint | undefined;
  #log: RunLog | undefined;
  /** What encodes the results of this thread for its log, which has them before the outputs. */
  #encoders: LogEncoders | undefined;

  /**
   * Looks for a run to resume, and changes nothing.
   *
   * @throws {UsageError} If the output must not be written.
   */
  static async find(options: OutputsOptions): Promise<Outputs> {
    const { output } = options;
    if (output === undefined || output.path === "-") return new Outputs(options, undefined);
    // Only here, since many runs keep no journal.
    const { ResumePoint } = await import("../checkpoint/resume.ts");
    return new Outputs(options, await ResumePoint.find({ ...options, output }));
  }

  private constructor(options: OutputsOptions, beginning: ResumePoint | undefined) {
    this.#options = options;
    this.#beginning = beginning;
  }

  /** The state in the journal; undefined without one. */
  get restored(): JournalState | undefined {
    return this.#beginning?.state;
  }

  /** The statistics of the run so far. Only after {@linkcode open}: a retry drops what failed. */
  restoreStats(): Stats {
    const { restored } = this;
    return restored === undefined
      ? new Stats(this.#options)
      : Stats.from(restored.stats, this.#options);
  }

  /** Whether a run is resumed. */
  get isResumed(): boolean {
    return this.#beginning?.isResumed ?? false;
  }

  /** The numbers that the source has to give: those before them are done. */
  get remainingRange(): { start: number; count: number } {
    const { start, requests, retryFailed } = this.#options;
    if (this.#beginning?.state === undefined || retryFailed) return { start, count: requests };
    const { numbering: { first, step }, state: { done } } = this.#beginning;
    const from = first + done.low * step;
    return { start: from, count: Math.max(0, start + requests - from) };
  }

  /** Whether the run that is resumed counted lines by LF and CRLF only. */
  get onlyLf(): boolean {
    return this.restored !== undefined && !this.restored.crEndsLines;
  }

  /** What a run on several machines begins with; undefined without a journal. */
  get cluster(): ClusterState | undefined {
    return this.restored?.cluster ?? undefined;
  }

  /** The name of a run that may still be on a bus, and that this one does not resume there. */
  get leftRun(): string | undefined {
    return this.#beginning?.leftRun;
  }

  /** How many requests the whole run will have; undefined if the source does not know. */
  computeTotal(ofSource: number | undefined): number | undefined {
    const { restored } = this;
    if (restored?.retry) return this.#keptByRetry! + restored.retry.count;
    return ofSource === undefined ? undefined : ofSource + (restored?.done.low ?? 0);
  }

  /** How many requests a retry keeps as they were; undefined without a retry. */
  get #keptByRetry(): number | undefined {
    const { restored } = this;
    if (!restored?.retry) return undefined;
    return Stats.from(restored.stats).results - countDone(restored.retry.done);
  }

  /**
   * What a retry has made again so far, also before it was resumed; undefined without a retry.
   *
   * @param stats of the whole run, as it is now
   */
  countMadeAgain({ results, failed }: Stats): MadeAgain | undefined {
    const kept = this.#keptByRetry;
    if (kept === undefined) return undefined;
    return { wanted: this.restored!.retry!.count, count: results - kept, failed };
  }

  /** Whether a retry has not made all requests again that it was to make. */
  get leavesRetry(): boolean {
    return this.#checkpoint?.leavesRetry ?? false;
  }

  /** Whether nothing is left to request. */
  get isComplete(): boolean {
    const { restored } = this;
    return this.#options.retryFailed ? restored?.retry?.count === 0 : restored?.complete ?? false;
  }

  /**
   * Opens the files. Nothing was changed before.
   *
   * @param now returns the part of the journal that tells about the whole run so far
   * @param onFailure called if the journal cannot be written any more
   * @throws {UsageError} If a file cannot be written.
   */
  async open(now: JournalSnapshot, onFailure: (error: unknown) => void): Promise<void> {
    const { failures, summaries, hdr, output } = this.#options;
    const beginning = this.#beginning;
    await this.#openBodies();
    if (beginning === undefined) await this.#archive?.cutTo(0);
    else await beginning.prepareFiles(this.#archive);
    this.#archive?.removeParts();
    if (beginning !== undefined) this.#outputs.push(beginning.output);
    else if (output !== undefined) {
      const { openRecords } = await import("../output/open_output.ts");
      await this.#begin(await openRecords({ ...this.#options, output }));
    }
    if (beginning?.failures !== undefined) this.#outputs.push(beginning.failures);
    else if (failures !== undefined) {
      const { openFailures } = await import("../output/open_output.ts");
      await this.#begin(await openFailures(failures, this.#options));
    }
    for (const { path, format } of summaries) await this.#addText(format, path, "--summary");
    if (hdr !== undefined) await this.#addText("hdr", hdr, "--hdr");
    if (beginning?.state === undefined) return;
    if (beginning.state.complete && !this.#options.retryFailed) return;
    await this.#keepPlaces();
    const { Checkpoint } = await import("../checkpoint/checkpoint.ts");
    this.#log = await beginning.beginLog();
    this.#checkpoint = new Checkpoint({
      journal: beginning.journal,
      before: beginning.state,
      output: this.#outputs[0],
      failures: this.#outputs[1],
      archive: this.#archive,
      bodies: this.#bodySync,
      numbers: beginning.numbering,
      failed: beginning.failed,
      now,
      log: this.#log,
      endBlock: () => void this.#endBlock(),
      onFailure,
    });
  }

  /**
   * Opens the log of this thread, which makes the requests.
   *
   * @returns what counts its results: the statistics, or the log, which lets them do that
   * @throws {OutputError} If its files cannot be made.
   */
  async openLog(stats: Stats): Promise<WarmUpStats> {
    const log = this.#log;
    if (log === undefined) return stats;
    const options = this.#options;
    const { output, failures } = options;
    const [{ ResultLog }, { openRecordEncoder, openFailureEncoder }, { RecordEncoder }] =
      await Promise.all([
        import("../checkpoint/log/result_log.ts"),
        import("../output/open_output.ts"),
        import("../output/record_encoder.ts"),
      ]);
    const [{ addRow }] = this.#outputs;
    // With an archive, a row is not known before the place of its exchange is.
    const addsRows = addRow !== undefined && this.#archive === undefined;
    this.#encoders = {
      records: addsRows
        ? await RecordEncoder.open(addRow.bind(this.#outputs[0]), false)
        : await openRecordEncoder({ ...options, output: output! }, false),
      failures: failures === undefined ? undefined : await openFailureEncoder(options),
      archiver: this.#archive?.archiver,
      bodies: this.#bodies?.keepChecks(),
      mark: this.#archive?.run,
    };
    log.own = new ResultLog(log.place, {
      thread: 0,
      concurrency: options.concurrency,
      encoders: this.#encoders,
      stats,
      isNamed: options.top !== undefined,
    });
    return log.own;
  }

  /** The log behind the journal; undefined without one. */
  get log(): RunLog | undefined {
    return this.#log;
  }

  /** Logs the results that have gathered, and gives the outputs their records. */
  #endBlock(): MaybePromise<void> {
    const own = this.#log?.own;
    if (own === undefined) return;
    own.endBlock();
    const { records, failures } = this.#encoders!;
    const written = this.#archive === undefined
      ? this.#writeLines(0, records)
      : this.#writeArchived(this.#archive, records!);
    return waitForBoth(written, this.#writeLines(1, failures)) as MaybePromise<void>;
  }

  /** Writes the exchanges that have gathered, and then the records, which tell where they are. */
  #writeArchived(archive: RunArchive, encoder: RecordEncoder): MaybePromise<void> {
    const gathered = encoder.take() ?? { bytes: NO_BYTES, isPacked: false };
    const { records, written } = archive.appendOwn(gathered);
    const full = records.bytes.length > 0 ? this.#outputs[0].writeEncoded(records) : undefined;
    return waitForBoth(written, full) as MaybePromise<void>;
  }

  #writeLines(k: number, encoder: RecordEncoder | undefined): MaybePromise<void> {
    const lines = encoder?.borrow();
    return lines?.length ? this.#outputs[k].writeLines(lines) : undefined;
  }

  /** Adds an output that has no journal. */
  async #begin(output: Output): Promise<void> {
    this.#outputs.push(output);
    await output.cutTo(0);
  }

  async #addText(text: FinalText, path: string, flag: string): Promise<void> {
    const { openLineWriter } = await import("../output/line_writer.ts");
    this.#texts.push({ file: await openLineWriter(path, { flag }), text });
  }

  async #openBodies(): Promise<void> {
    const { saveBodies, archive, overwrite, sync } = this.#options;
    if (this.isComplete) return;
    const { isResumed, restored } = this;
    const hasResults = restored !== undefined && Stats.from(restored.stats).results > 0;
    if (archive !== undefined) {
      const { RunArchive } = await import("../output/archive/run_archive.ts");
      this.#archive = await RunArchive.open(archive, { isResumed, hasResults, overwrite });
    }
    if (saveBodies === undefined) return;
    const { Bodies } = await import("../output/bodies/bodies.ts");
    this.#bodies = await Bodies.open(saveBodies, {
      isResumed,
      hasResults,
      overwrite,
      isSynced: sync === "always",
    });
    if (restored === undefined || sync !== "interval") return;
    const { BodySync } = await import("../output/bodies/body_sync.ts");
    const bodySync = new BodySync(saveBodies);
    this.#bodySync = bodySync;
    this.#bodies.onKept = (name) => bodySync.add(name);
  }

  /**
   * Brings to the disk that there are the files and the folder beside the output: a journal does that
   * for its own folder alone.
   *
   * @throws {UsageError} If the disk fails.
   */
  async #keepPlaces(): Promise<void> {
    const { failures, saveBodies, archive, sync } = this.#options;
    if (sync === "never") return;
    const { syncFolder } = await import("../process/sync.ts");
    const keep = async (folder: string, output: string): Promise<void> => {
      try {
        await syncFolder(folder);
      } catch (error) {
        throw new UsageError(`Cannot write '${output}': ${describeWriteError(error)}`);
      }
    };
    if (failures !== undefined) await keep(dirname(failures), `--failures ${failures}`);
    const bodies = `--save-bodies ${archive?.path ?? saveBodies}`;
    if (archive !== undefined) await keep(dirname(archive.path), bodies);
    if (saveBodies === undefined) return;
    // Those around it may have been made with it.
    for (let path = saveBodies; path !== dirname(path);) await keep(path = dirname(path), bodies);
  }

  /** Closes everything if the run cannot begin. */
  async abandon(): Promise<void> {
    this.#bodySync?.[Symbol.dispose]();
    this.#bodies?.abandon();
    await this.#archive?.abandon();
    if (this.#outputs.length === 0) return await this.#beginning?.abandon();
    for (const output of this.#outputs) await output.close().catch(() => {});
  }

  /** What of a source is not done yet, by its numbers. */
  pending<T extends { readonly i: number }>(source: Source<T>): Source<T> {
    return this.#checkpoint?.pending(source) ?? source;
  }

  /** Whether a request is one of this run that is not done; true without a journal. */
  isOpen(i: number): boolean {
    return this.#checkpoint?.isOpen(i) ?? true;
  }

  /** Calls back once all that was written so far is safe: a journal has it, if there is one. */
  onSafe(call: () => void): void {
    if (this.#checkpoint === undefined) call();
    else this.#checkpoint.onJournal(call);
  }

  /** The hook for bodies; undefined if they are not saved. */
  get bodyFor(): EngineOptions["bodyFor"] {
    const bodies = this.#bodies;
    return bodies && ((target, head) => bodies.bodyFor(target, head));
  }

  /** The hook for exchanges; undefined if they are not saved. */
  get exchanges(): EngineOptions["exchanges"] {
    return this.#archive?.exchanges;
  }

  /** Adds to a result where its body is; undefined if bodies are not saved. */
  get complete(): ((result: Result) => Result) | undefined {
    const bodies = this.#bodies;
    const archive = this.#archive;
    if (archive === undefined) return bodies && ((result) => bodies.annotate(result));
    const { isResumable } = this;
    if (this.#encoders !== undefined) {
      return (result) => archive.completeLater(result, result.error === "cancelled");
    }
    return (result) => archive.complete(result, isResumable && result.error === "cancelled");
  }

  /** What a run is known by where bodies are saved; undefined if they are not saved. */
  get bodiesRun(): string | undefined {
    return this.#bodies?.run ?? this.#archive?.run;
  }

  /** Whether the run can be resumed, and requests again whatever has no record. */
  get isResumable(): boolean {
    return this.#checkpoint !== undefined;
  }

  /**
   * Writes a result.
   *
   * @returns a promise if the caller has to wait before the next one
   * @throws {OutputError} If a file cannot be written.
   */
  write(result: Result): MaybePromise<void> {
    if (this.#encoders !== undefined) return this.#writeLogged(result);
    let written = waitForBoth(this.#archive?.full, this.#bodySync?.full);
    for (const output of this.#outputs) {
      written = waitForBoth(written, output.write(result));
    }
    this.#checkpoint?.add(result.target.i);
    return written as MaybePromise<void>;
  }

  #writeLogged(result: Result): MaybePromise<void> {
    const own = this.#log!.own!;
    own.addRecord(result);
    this.#checkpoint!.add(result.target.i);
    const written = own.isFull ? this.#endBlock() : undefined;
    return waitForBoth(written, this.#bodySync?.full) as MaybePromise<void>;
  }

  /**
   * Writes the results of an iteration of a flow, and marks it as done, all at one moment.
   *
   * @param i the number of the iteration
   * @returns a promise if the caller has to wait before the next one
   * @throws {OutputError} If a file cannot be written.
   */
  writeIteration(results: readonly Result[], i: number): MaybePromise<void> {
    const own = this.#log?.own;
    if (own !== undefined) {
      for (const result of results) own.addRecord(result);
      own.addIteration(i);
      this.#checkpoint!.add(i);
      return own.isFull ? this.#endBlock() : undefined;
    }
    let written: MaybePromise<unknown>;
    for (const output of this.#outputs) {
      for (const result of results) written = waitForBoth(written, output.write(result));
    }
    this.#checkpoint?.add(i);
    return written as MaybePromise<void>;
  }

  /**
   * Writes results that a worker has encoded, and marks their requests as done, all at one moment.
   *
   * @returns a promise if the worker has to wait before the next ones
   * @throws {OutputError} If a file cannot be written.
   */
  writeEncoded(
    { records, failures, exchanges, numbers, bodies, log }: EncodedResults,
  ): MaybePromise<void> {
    for (const name of bodies ?? []) this.#bodySync!.add(name);
    let written: MaybePromise<unknown> = this.#bodySync?.full;
    if (exchanges !== undefined) {
      records = records && this.#archive!.fillPlaces(records, exchanges);
      written = waitForBoth(written, this.#archive!.append(exchanges));
    }
    const blocks = this.#options.output === undefined ? [failures] : [records, failures];
    for (const [k, output] of this.#outputs.entries()) {
      const block = blocks[k];
      written = waitForBoth(written, block && output.writeEncoded(block));
    }
    if (log !== undefined) this.#log?.note(log.thread, log);
    const checkpoint = this.#checkpoint;
    if (checkpoint !== undefined && numbers !== undefined) {
      for (let k = 0; k < numbers.length; k++) checkpoint.add(numbers[k]);
    }
    return written as MaybePromise<void>;
  }

  /**
   * Writes the summaries, and closes everything.
   *
   * @param end how the run ended; after `failed`, the last journal stands
   * @param format makes a text that is written at the end, with what could not be written before it
   * @throws {OutputError} If something could not be written.
   */
  async close(
    end: "complete" | "interrupted" | "failed",
    format: (text: FinalText, failure: unknown) => Promise<string>,
  ): Promise<void> {
    let failure: unknown;
    const keep = (error: unknown): void => void (failure ??= error);
    if (end !== "failed") {
      try {
        await this.#endBlock();
      } catch (error) {
        keep(error);
      }
    }
    // A journal that says that the run is complete is the last that any run does for it.
    if (end !== "failed") await this.#archive?.finishIndex().catch(keep);
    const { leavesRetry } = this;
    const isComplete = (): boolean => failure === undefined && end === "complete" && !leavesRetry;
    if (end === "failed") await this.#checkpoint?.stop();
    else await this.#checkpoint?.finish(isComplete()).catch(keep);
    await this.#beginning?.removeRetryFiles(isComplete()).catch(keep);
    // What no journal vouches for does not become part of a file that is whole.
    if (failure === undefined && end !== "failed") {
      for (const output of this.#outputs) await output.finish?.().catch(keep);
    }
    for (const output of this.#outputs) await output.close().catch(keep);
    const { isResumable } = this;
    // Then the last journal may be one whose log is still needed.
    const keepsParts = isResumable && (end === "failed" || failure !== undefined);
    await this.#archive?.close(isComplete() || !isResumable, keepsParts).catch(keep);
    for (const { file, text } of this.#texts) {
      try {
        await file.write(await format(text, failure));
        await file.close();
      } catch (error) {
        keep(error);
      }
    }
    this.#bodies?.close();
    this.#bodySync?.[Symbol.dispose]();
    if (failure !== undefined) throw failure;
  }
}

const NO_BYTES = new Uint8Array(0);

/** What settles when both have. */
function waitForBoth(
  one: MaybePromise<unknown>,
  other: MaybePromise<unknown>,
): MaybePromise<unknown> {
  if (one === undefined) return other;
  if (other === undefined) return one;
  const both = Promise.all([one, other]);
  // Where nobody waits for it, what comes next fails.
  both.catch(() => {});
  return both;
}
