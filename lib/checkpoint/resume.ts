/**
 * What there is of a run already: its output, the lock on it, and its journal.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import { measureSize, openFile, openLineWriter } from "../output/line_writer.ts";
import { openFailures, openRecords } from "../output/open_output.ts";
import type { Output } from "../output/output.ts";
import { lockFile } from "../process/file_lock.ts";
import { describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { createNumbering, type NumberSequence } from "../source/numbering.ts";
import { Stats } from "../stats/stats.ts";
import { findState, type Found } from "./find_state.ts";
import { type JournalState, writeJournal } from "./journal.ts";
import {
  isResuming,
  refuseOutput,
  type ResumeOptions,
  START_OVER,
  toJournalPath,
} from "./resume_options.ts";
import { SparseBitmap } from "./sparse_bitmap.ts";

/** What a run begins with, or resumes. */
export class ResumePoint {
  readonly #options: ResumeOptions;
  readonly #isNew: boolean;
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
    const { path } = options.output;
    // All that it needs at once: otherwise the user would be told of one after another.
    if (!isGranted({ name: "write", path })) checkPermissions(options);
    const { file, isNew } = await openFile(path, { flag: "--output" });
    const output = await openRecords(options, file);
    let failures;
    try {
      // First the lock, since another run may be writing it.
      if (!await lockFile(file)) {
        refuseOutput(options, "another run writes it: wait for its end");
      }
      const size = await measureSize(file);
      if (options.failures !== undefined) {
        failures = await openFailures(options.failures, options);
      }
      let found: Found;
      if (size !== undefined) {
        checkPermissions(options);
        found = await findState(options, { isNew, size, output, failures });
      } else {
        if (isResuming(options)) refuseOutput(options, "it is not a file: use a file");
        found = { state: undefined, isResumed: false, isJudgedAgain: false };
      }
      return new ResumePoint(options, { output, failures, isNew }, found);
    } catch (error) {
      await closeAll(output, failures);
      if (isNew) await Deno.remove(path);
      throw error;
    }
  }

  private constructor(
    options: ResumeOptions,
    { output, failures, isNew }: Pick<ResumePoint, "output" | "failures"> & { isNew: boolean },
    { state, isResumed, isJudgedAgain, leftRun }: Found,
  ) {
    this.#options = options;
    this.#isNew = isNew;
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
   * as well: the bus must not have a run that no journal names.
   *
   * @throws {UsageError} If that is not possible.
   */
  async prepareFiles(): Promise<void> {
    const { state, output, failures } = this;
    if (this.#options.retryFailed) return await this.#commitRetry(state!);
    if (state?.complete) {
      // The run before may have been killed before its output was whole.
      if (output.finish !== undefined) await output.cutTo(state.output);
      return;
    }
    try {
      if (state !== undefined && (!this.isResumed || state.cluster !== null)) {
        await writeJournal(this.journal, state);
      }
      await output.cutTo(state?.output ?? 0);
      await failures?.cutTo(state?.failures ?? 0);
    } catch (error) {
      if (error instanceof UsageError) throw error;
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
    const list = `${journal}.retry`;
    try {
      if (state.retry === null) {
        await this.output.cutTo(state.output);
        await this.output.finish?.();
        const { copySucceeded } = await import("./retry_failed.ts");
        const { failed, position, refuted } = await copySucceeded(output, {
          to: `${path}.retry`,
          numbering: this.numbering,
          expected: this.#isJudgedAgain ? this.#options.expect : undefined,
        });
        await writeLines(list, failed.lines());
        state = {
          ...state,
          stats: Stats.from(state.stats, this.#options).withoutFailed(refuted).toJSON(),
          output: position,
          failures: state.failures === null ? null : 0,
          retry: { done: { low: 0, above: "" }, count: failed.count, replacing: true },
        };
        await writeJournal(journal, state);
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
      this.failed = SparseBitmap.parse(await Deno.readTextFile(list));
      if (this.failed?.count !== state.retry!.count) {
        refuseOutput(this.#options, `its list '${list}' is damaged: ${START_OVER}`);
      }
      await this.output.cutTo(state.output);
      await this.failures?.cutTo(state.failures ?? 0);
      if (state.cluster !== null) await writeJournal(journal, state);
      this.state = state;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      refuseOutput(this.#options, describeWriteError(error));
    }
  }

  /** The numbers of the whole run. */
  get numbering(): NumberSequence {
    return createNumbering(this.#options);
  }

  /** The journal's path. */
  get journal(): string {
    return toJournalPath(this.#options);
  }

  /** Removes what only a retry needs, once that is over. */
  async removeRetryFiles(isOver: boolean): Promise<void> {
    if (isOver && this.failed !== undefined) await Deno.remove(`${this.journal}.retry`);
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

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const writer = await openLineWriter(path, { flag: "--retry-failed" });
  try {
    for (const line of lines) await writer.write(line);
    await writer.sync();
  } finally {
    await writer.close();
  }
}

function checkPermissions(options: ResumeOptions): void {
  const journal = toJournalPath(options);
  const { path } = options.output;
  const ofRetry = options.retryFailed ? [`${path}.retry`, `${journal}.retry`] : [];
  // To rename a file takes the permission to read it.
  const read = [`${journal}.tmp`, ...ofRetry];
  const companions = OUTPUT_FORMATS[options.output.format].listCompanions?.(path) ?? [];
  read.push(...companions);
  const written = [path, journal, ...read];
  if (isResuming(options)) read.push(journal);
  if (options.retryFailed) read.push(path);
  if (
    !written.every((path) => isGranted({ name: "write", path })) ||
    !read.every((path) => isGranted({ name: "read", path }))
  ) {
    const flags = `--allow-write=${written} --allow-read=${read}`;
    refuseOutput(options, `no permission for it and its journal: run with ${flags}`);
  }
}
