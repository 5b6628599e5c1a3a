/**
 * What there is of a run already: its output, the lock on it, and its journal.
 *
 * @module
 */
import { OutputError, UsageError } from "../errors.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import { openFile } from "../output/line_writer.ts";
import { openFailures, openRecords } from "../output/open_output.ts";
import type { KeptRecords, Output, Position } from "../output/output.ts";
import { describeWriteError } from "../process/os_error.ts";
import { createNumbering, type NumberSequence } from "../source/numbering.ts";
import { Stats } from "../stats/stats.ts";
import { findState, type Found } from "./find_state.ts";
import type { JournalState } from "./journal.ts";
import type { JournalStore } from "./journal_store.ts";
import { refuseOutput, type ResumeOptions, START_OVER } from "./resume_options.ts";
import { openRunOutput, type RunOutput } from "./run_output.ts";
import { SparseBitmap } from "./sparse_bitmap.ts";

/** What a run begins with, or resumes. */
export class ResumePoint {
  readonly #options: ResumeOptions;
  readonly #isNew: boolean;
  readonly journal: JournalStore;
  /** The output of the records; before {@linkcode prepareFiles} it is as it was. */
  output: Output;
  /** The output of the requests that failed, if the user asks for one. */
  readonly failures: Output | undefined;
  /** Undefined where the output is not a file that a journal could stand beside. */
  state: JournalState | undefined;
  /** Whether a retry is to judge the records by statuses that the run did not expect. */
  readonly #isJudgedAgain: boolean;
  /** Whether there is a run to resume. */
  readonly isResumed: boolean;
  /** The name of a run that may still be on a bus, and that this one does not resume there. */
  readonly leftRun: string | undefined;
  /** For `--retry-failed`, the places of the requests that are made again. */
  failed: SparseBitmap | undefined;

  /**
   * Looks at what is there. It changes nothing, except that it makes an empty output where there is
   * none, and holds the lock on it.
   *
   * @throws {UsageError} If another run writes the output, if it holds something that the user does
   * not want to resume, or if this command cannot resume it.
   */
  static async find(options: ResumeOptions): Promise<ResumePoint> {
    const opened = await openRunOutput(options);
    let failures;
    try {
      if (options.failures !== undefined) {
        failures = await openFailures(options.failures, options);
      }
      const { size } = opened;
      const found: Found = size === undefined
        ? { state: undefined, isResumed: false, isJudgedAgain: false }
        : await findState(options, { ...opened, size, failures });
      return new ResumePoint(options, opened, failures, found);
    } catch (error) {
      await closeAll(opened.output, failures);
      if (opened.isNew) await Deno.remove(options.output.path);
      throw error;
    }
  }

  private constructor(
    options: ResumeOptions,
    { output, isNew, journal }: RunOutput,
    failures: Output | undefined,
    { state, isResumed, isJudgedAgain, leftRun }: Found,
  ) {
    this.#options = options;
    this.#isNew = isNew;
    this.journal = journal;
    this.output = output;
    this.failures = failures;
    this.state = state;
    this.isResumed = isResumed;
    this.leftRun = leftRun;
    this.#isJudgedAgain = isJudgedAgain;
  }

  /**
   * Cuts the outputs back to what the journal vouches for. For a new run, the new journal comes
   * first: an old one would speak of records that are no longer there. For a run on several machines
   * as well: the bus must not have a run that no journal names. In a database that starts over, the
   * old journal is gone with the records.
   *
   * @throws {UsageError} If that is not possible.
   */
  async prepareFiles(): Promise<void> {
    const { state, output, failures } = this;
    if (this.#options.retryFailed) return await this.#commitRetry(state!);
    const isDatabase = output.database !== undefined;
    if (state?.complete) {
      // The run before may have been killed before its output was whole.
      if (output.finish !== undefined && !isDatabase) await output.cutTo(state.output);
      return;
    }
    const writeJournal = async (): Promise<void> => {
      if (state === undefined || this.isResumed && state.cluster === null) return;
      await this.journal.write(state);
    };
    try {
      if (!isDatabase) await writeJournal();
      else if (!this.isResumed) await output.database!.startOver();
      await output.cutTo(state?.output ?? 0);
      await failures?.cutTo(state?.failures ?? 0);
      if (isDatabase) await writeJournal();
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputError) throw error;
      refuseOutput(this.#options, describeWriteError(error));
    }
  }

  /**
   * Takes the failures out of the output, and notes which they were. After each step, this can be
   * begun again.
   */
  async #commitRetry(state: JournalState): Promise<void> {
    const { output } = this.#options;
    const { path } = output;
    const { journal } = this;
    const { database } = this.output;
    const keep = async (records: KeptRecords): Promise<Position> => {
      if (database !== undefined) return database.keepRecords(records);
      const { copy } = await OUTPUT_FORMATS[output.format].loadReader();
      return await copy!({ from: path, to: `${path}.retry`, gzip: output.gzip, ...records });
    };
    try {
      if (state.retry === null) {
        await this.output.cutTo(state.output);
        if (database === undefined) await this.output.finish?.();
        const { keepSucceeded } = await import("./retry_failed.ts");
        const kept = keepSucceeded(path, {
          keep,
          numbering: this.numbering,
          expected: this.#isJudgedAgain ? this.#options.expect : undefined,
        });
        const { failed, position, refuted } = await kept.catch(async (error) => {
          if (database === undefined) await Deno.remove(`${path}.retry`).catch(() => {});
          throw error;
        });
        await journal.writeRetryList(failed.lines());
        state = {
          ...state,
          stats: Stats.from(state.stats, this.#options).withoutFailed(refuted).toJSON(),
          output: position,
          failures: state.failures === null ? null : 0,
          retry: {
            done: { low: 0, above: "" },
            count: failed.count,
            replacing: database === undefined,
          },
        };
        await journal.write(state);
      }
      if (state.retry!.replacing) {
        // It may have been done already.
        await Deno.rename(`${path}.retry`, path).catch((error) => {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        });
        const { file } = await openFile(path, { flag: "--output" });
        await this.output.close();
        this.output = await openRecords(this.#options, file);
        await file.lock(true);
        state = { ...state, retry: { ...state.retry!, replacing: false } };
      }
      this.failed = SparseBitmap.parse(await journal.readRetryList());
      if (this.failed?.count !== state.retry!.count) {
        refuseOutput(this.#options, `its ${journal.retryList} is damaged: ${START_OVER}`);
      }
      await this.output.cutTo(state.output);
      await this.failures?.cutTo(state.failures ?? 0);
      if (state.cluster !== null) await journal.write(state);
      this.state = state;
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputError) throw error;
      refuseOutput(this.#options, describeWriteError(error));
    }
  }

  /** The numbers of the whole run. */
  get numbering(): NumberSequence {
    return createNumbering(this.#options);
  }

  /** Removes what only a retry needs, once that is over. */
  async removeRetryFiles(isOver: boolean): Promise<void> {
    if (isOver && this.failed !== undefined) await this.journal.removeRetryList();
  }

  /** Lets go of everything where the run cannot begin; an output that it made is gone again. */
  async abandon(): Promise<void> {
    await closeAll(this.output, this.failures);
    if (this.#isNew) await Deno.remove(this.#options.output.path);
  }
}

/** Closes outputs that nobody needs any more, whether or not the last of them can be written. */
async function closeAll(...outputs: readonly (Output | undefined)[]): Promise<void> {
  for (const output of outputs) await output?.close().catch(() => {});
}
