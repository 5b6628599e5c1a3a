/**
 * Where the results of a run go, and the journal that lets it be gone on with.
 *
 * @module
 */
import { Checkpoint, type CheckpointOptions } from "../checkpoint/checkpoint.ts";
import { countDone } from "../checkpoint/done_set.ts";
import type { JournalState } from "../checkpoint/journal.ts";
import { ResumePoint } from "../checkpoint/resume.ts";
import type { EngineOptions } from "../engine/options.ts";
import type { OutputOptions, RunOptions } from "../options/run_options.ts";
import type { Bodies } from "../output/bodies/bodies.ts";
import { failureLines, isFailure } from "../output/failure_lines.ts";
import { LineWriter, openLineWriter } from "../output/line_writer.ts";
import { csv, ndjson } from "../output/record.ts";
import type { Result } from "../result.ts";
import { Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";

/** Something that takes results; a promise if the caller has to wait. */
interface Output {
  readonly blocks: LineWriter;
  write(result: Result): MaybePromise<void>;
}

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
  #bodies: Bodies | undefined;
  #checkpoint: Checkpoint | undefined;

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
  }

  /** What the journal says of the run so far; undefined without one. */
  get restored(): JournalState | undefined {
    return this.#beginning?.state;
  }

  /** What was counted before; zeros where nothing was. Once {@linkcode open} has settled. */
  restoreStats(): Stats {
    const { restored } = this;
    return restored === undefined
      ? new Stats(this.#options)
      : Stats.from(restored.stats, this.#options);
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
    return this.restored !== undefined && this.restored.crEndsLines !== true;
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
   * What a retry has made again so far, also before it was resumed; undefined without a retry.
   *
   * @param stats of the whole run, as it is now
   */
  countMadeAgain({ requests, failed }: Stats): MadeAgain | undefined {
    const kept = this.#keptByRetry;
    if (kept === undefined) return undefined;
    return { wanted: this.restored!.retry!.count, count: requests - kept, failed };
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
    await this.#openBodies();
    await beginning?.commit();
    if (output !== undefined) await this.#openRecords(output, beginning?.file);
    if (failures !== undefined) {
      const format = failureLines(this.#options);
      const name = `--failures ${failures}`;
      const blocks = beginning?.failures === undefined
        ? await openLineWriter(failures, { flag: "--failures", mode: 0o600 })
        : new LineWriter(beginning.failures, name, false, this.restored?.failures ?? 0);
      this.#outputs.push({
        blocks,
        write: (result) => isFailure(result) ? blocks.write(format(result)) : undefined,
      });
    }
    if (summary !== undefined) this.#summary = await openLineWriter(summary, { flag: "--summary" });
    if (hdr !== undefined) this.#hdr = await openLineWriter(hdr, { flag: "--hdr" });
    if (beginning?.state === undefined) return;
    if (beginning.state.complete && !this.#options.retryFailed) return;
    this.#checkpoint = new Checkpoint({
      path: beginning.journal,
      gzip: output!.gzip,
      before: beginning.state,
      output: this.#outputs[0].blocks,
      failures: this.#outputs[1]?.blocks,
      numbers: beginning.numbering,
      failed: beginning.failed,
      now,
      onFailure,
    });
  }

  async #openBodies(): Promise<void> {
    const { saveBodies, overwrite } = this.#options;
    if (saveBodies === undefined || this.isComplete) return;
    const { Bodies } = await import("../output/bodies/bodies.ts");
    this.#bodies = await Bodies.open(saveBodies, { isGoneOn: this.isResumed, overwrite });
  }

  async #openRecords(options: OutputOptions, file: Deno.FsFile | undefined): Promise<void> {
    const { path, gzip, fields } = options;
    const captures = this.#options.captures.map(({ name }) => name);
    const length = this.restored?.output ?? 0;
    const blocks = file === undefined
      ? await openLineWriter(path, { flag: "--output", gzip })
      : new LineWriter(file, `--output ${path}`, gzip, length);
    if (options.format === "ndjson") {
      const format = ndjson(fields, captures);
      this.#outputs.push({ blocks, write: (result) => blocks.write(format(result)) });
    } else {
      const isForTerminal = path === "-" && Deno.stdout.isTerminal();
      const { header, format } = csv(fields, captures, { isForTerminal });
      if (length === 0) await blocks.write(header);
      this.#outputs.push({ blocks, write: (result) => blocks.write(format(result)) });
    }
  }

  /** Lets go of everything where the run cannot begin. */
  async abandon(): Promise<void> {
    this.#bodies?.abandon();
    if (this.#outputs.length === 0) return await this.#beginning?.abandon();
    for (const { blocks } of this.#outputs) await blocks.close();
  }

  /** Of a source, what is not done yet. */
  pending(source: Source<Target>): Source<Target> {
    return this.#checkpoint?.pending(source) ?? source;
  }

  /** Takes the body of a response; undefined where bodies are not saved. */
  get bodyFor(): EngineOptions["bodyFor"] {
    const bodies = this.#bodies;
    return bodies && ((target, head) => bodies.bodyFor(target, head));
  }

  /** Whether the run can be resumed, and requests again whatever has no record. */
  get isResumable(): boolean {
    return this.#checkpoint !== undefined;
  }

  /**
   * Writes what there is to write about a result.
   *
   * @returns a promise if the caller has to wait before it gives more
   * @throws {OutputError} If a file cannot be written, or removed.
   */
  write(result: Result): MaybePromise<void> {
    if (this.#bodies !== undefined) result = this.#bodies.annotate(result);
    let written: MaybePromise<unknown>;
    for (const output of this.#outputs) {
      const full = output.write(result);
      if (full !== undefined) written = written === undefined ? full : Promise.all([written, full]);
    }
    this.#checkpoint?.add(result.target);
    return written as MaybePromise<void>;
  }

  /** Drops what was kept of a request that a later run makes again. */
  drop(result: Result): void {
    this.#bodies?.annotate(result);
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
    await this.#beginning?.tidy(failure === undefined && end === "complete").catch(keep);
    for (const { blocks } of this.#outputs) await blocks.close().catch(keep);
    for (
      const [blocks, text] of [[this.#summary, texts.summary], [this.#hdr, texts.hdr]] as const
    ) {
      try {
        await blocks?.write(text());
        await blocks?.close();
      } catch (error) {
        keep(error);
      }
    }
    this.#bodies?.close();
    if (failure !== undefined) throw failure;
  }
}
