/**
 * What there is of a run already: its output, the lock on it, and its journal.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { OutputOptions, RunOptions } from "../options/run_options.ts";
import { measureSize, openFile, openLineWriter, truncateTo } from "../output/line_writer.ts";
import { describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { createNumbering, type NumberSequence } from "../source/numbering.ts";
import { Stats } from "../stats/stats.ts";
import { describeDifference, JUDGED_ANEW, toIdentity, toInputState } from "./identity.ts";
import {
  type Identity,
  JournalError,
  type JournalState,
  readJournal,
  writeJournal,
} from "./journal.ts";
import { copySucceeded } from "./retry_failed.ts";
import { SparseBitmap } from "./sparse_bitmap.ts";

/** Options of a run that has an output. */
type Options = RunOptions & { readonly output: OutputOptions };

/** What to do where a run cannot be gone on with. */
const START_OVER = "--overwrite to begin anew";

/** What a run begins with, or goes on from. */
export class ResumePoint {
  readonly #options: Options;
  readonly #isNew: boolean;
  file: Deno.FsFile;
  readonly failures: Deno.FsFile | undefined;
  /** Undefined where the output is no file that a journal could stand beside. */
  state: JournalState | undefined;
  /** Whether a retry is to judge the records by statuses that the run did not expect. */
  readonly #isJudgedAnew: boolean;
  /** Whether there is a run to go on with. */
  readonly isResumed: boolean;
  /** The places of what is to be requested again, for `--retry-failed`. */
  failed: SparseBitmap | undefined;

  /**
   * Looks at what is there. Changes nothing, but that an output that is missing is there, empty,
   * and that this process holds the lock on it.
   *
   * @throws {UsageError} If another run writes it, if it holds something that is not to be gone on
   * with, or if it cannot be.
   */
  static async find(options: Options): Promise<ResumePoint> {
    const { path } = options.output;
    const { file, isNew } = await openFile(path, { flag: "--output" });
    let failures;
    try {
      // Before it is looked at, for another run may be writing it.
      if (!await file.tryLock(true)) fail(options, "another run writes it: wait for its end");
      const size = await measureSize(file);
      if (options.failures !== undefined && options.failures !== "-") {
        // It can hold what the input held: bodies, and fields whose names tell nothing.
        failures = (await openFile(options.failures, { flag: "--failures", mode: 0o600 })).file;
      }
      if (size === undefined) {
        if (isGoneOnWith(options)) fail(options, "it is no file: name one");
        const found = { state: undefined, isResumed: false, isJudgedAnew: false };
        return new ResumePoint(options, { file, isNew, failures }, found);
      }
      checkPermissions(options);
      const found = await findState(options, isNew, size, failures);
      return new ResumePoint(options, { file, isNew, failures }, found);
    } catch (error) {
      file.close();
      failures?.close();
      if (isNew) await Deno.remove(path);
      throw error;
    }
  }

  private constructor(
    options: Options,
    { file, isNew, failures }: Pick<ResumePoint, "file" | "failures"> & { isNew: boolean },
    { state, isResumed, isJudgedAnew }: Found,
  ) {
    this.#options = options;
    this.#isNew = isNew;
    this.file = file;
    this.failures = failures;
    this.state = state;
    this.isResumed = isResumed;
    this.#isJudgedAnew = isJudgedAnew;
  }

  /**
   * Cuts the files back to what the journal vouches for. For a new run, the new journal comes
   * first: an old one would speak of what is no longer there.
   *
   * @throws {UsageError} If that is not possible.
   */
  async commit(): Promise<void> {
    const { state, file, failures } = this;
    if (this.#options.retryFailed) return await this.#commitRetry(state!);
    if (state?.complete) return;
    try {
      if (state !== undefined && !this.isResumed) {
        await writeJournal(this.journal, state);
      }
      await truncateTo(file, state?.output ?? 0);
      if (failures !== undefined) await truncateTo(failures, state?.failures ?? 0);
    } catch (error) {
      fail(this.#options, describeWriteError(error));
    }
  }

  /**
   * Takes what failed out of the output, and notes what it was. Each step leaves something that
   * this can be begun with again.
   */
  async #commitRetry(state: JournalState): Promise<void> {
    const { output } = this.#options;
    const { path } = output;
    const { journal } = this;
    try {
      if (state.retry === null) {
        await truncateTo(this.file, state.output);
        const { failed, length, refuted } = await copySucceeded(output, {
          to: `${path}.retry`,
          numbering: this.numbering,
          expected: this.#isJudgedAnew ? this.#options.expect.statuses : undefined,
        });
        await writeLines(`${journal}.retry`, failed.lines());
        state = {
          ...state,
          stats: Stats.from(state.stats).withoutFailed(refuted).toJSON(),
          output: length,
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
        this.file.close();
        this.file = file;
        await file.lock(true);
        state = { ...state, retry: { ...state.retry!, replacing: false } };
      }
      this.failed = SparseBitmap.parse(await Deno.readTextFile(`${journal}.retry`));
      await truncateTo(this.file, state.output);
      if (this.failures !== undefined) await truncateTo(this.failures, state.failures ?? 0);
      this.state = state;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      fail(this.#options, describeWriteError(error));
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
  async tidy(isOver: boolean): Promise<void> {
    if (isOver && this.failed !== undefined) await Deno.remove(`${this.journal}.retry`);
  }

  /** Lets go of it where the run cannot begin. */
  async abandon(): Promise<void> {
    this.file.close();
    this.failures?.close();
    if (this.#isNew) await Deno.remove(this.#options.output.path);
  }
}

/** Whether there has to be something that is gone on with. */
function isGoneOnWith({ resume, retryFailed }: Options): boolean {
  return resume !== "no" || retryFailed;
}

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const blocks = await openLineWriter(path, { flag: "--retry-failed" });
  try {
    for (const line of lines) await blocks.write(line);
    await blocks.sync();
  } finally {
    await blocks.close();
  }
}

function toJournalPath({ output }: Options): string {
  return `${output.path}.myriad`;
}

function fail(options: Options, why: string): never {
  const { output } = options;
  const verb = isGoneOnWith(options) ? "go on with" : "write";
  throw new UsageError(`Cannot ${verb} '--output ${output.path}': ${why}`);
}

function checkPermissions(options: Options): void {
  const journal = toJournalPath(options);
  const { path } = options.output;
  const ofRetry = options.retryFailed ? [`${path}.retry`, `${journal}.retry`] : [];
  // To rename a file takes the permission to read it.
  const read = [`${journal}.tmp`, ...ofRetry];
  const written = [path, journal, ...read];
  if (isGoneOnWith(options)) read.push(journal);
  if (options.retryFailed) read.push(path);
  if (
    !written.every((path) => isGranted({ name: "write", path })) ||
    !read.every((path) => isGranted({ name: "read", path }))
  ) {
    const flags = `--allow-write=${written} --allow-read=${read}`;
    fail(options, `no permission for its journal: run with ${flags}`);
  }
}

/** What there is to go on with. */
interface Found {
  readonly state: JournalState | undefined;
  readonly isResumed: boolean;
  readonly isJudgedAnew: boolean;
}

async function findState(
  options: Options,
  isNew: boolean,
  size: number,
  failures: Deno.FsFile | undefined,
): Promise<Found> {
  const { resume, overwrite, retryFailed } = options;
  const goesOn = isGoneOnWith(options);
  if (!goesOn && !overwrite && size > 0) {
    fail(
      options,
      `it holds ${size} bytes already: give --resume to go on with it, or ${START_OVER}`,
    );
  }
  const old = !goesOn || isNew ? undefined : await oldJournal(options);
  if (old === undefined) {
    if (retryFailed) fail(options, "there is no run to retry: leave --retry-failed out");
    if (goesOn && size > 0) {
      fail(
        options,
        `there is no journal '${toJournalPath(options)}' beside it: give ${START_OVER}`,
      );
    }
    return { state: await newState(options), isResumed: false, isJudgedAnew: false };
  }
  const identity = await toIdentity(options, old.salt);
  const isJudgedAnew = checkIdentity(options, old, identity);
  if (old.retry !== null && !retryFailed) {
    fail(options, "a retry of it was interrupted: give --retry-failed to go on with that");
  }
  const input = await toInputState(options);
  const isSame = JSON.stringify(input) === JSON.stringify(old.input);
  if (!isSame && resume !== "force") {
    fail(options, "the input has changed since: give --resume=force to go on all the same");
  }
  const { fields } = options.output;
  if (retryFailed && fields?.includes("error") === false && old.stats.errors.expect !== undefined) {
    fail(
      options,
      `its records have no field 'error', which tells what was not as expected: ${START_OVER}`,
    );
  }
  // One that is still to be replaced is as long as it was.
  if (size < old.output && !old.retry?.replacing) {
    fail(options, `it has ${size} bytes, and its journal says ${old.output}: give ${START_OVER}`);
  }
  if (failures !== undefined) {
    const size = await measureSize(failures);
    if (size !== undefined && size < (old.failures ?? 0)) {
      fail(
        options,
        `'--failures ${options.failures}' is shorter than its journal says: give ${START_OVER}`,
      );
    }
  }
  return { state: { ...old, identity, input }, isResumed: true, isJudgedAnew };
}

/**
 * Checks that a journal is of this command.
 *
 * @returns whether only the expected statuses differ, and a retry is to judge the records by them
 */
function checkIdentity(options: Options, old: JournalState, identity: Identity): boolean {
  // A journal of an earlier version does not have all of them.
  const differing = Object.keys(identity)
    .filter((flag) => (old.identity[flag] ?? null) !== identity[flag]);
  const other = differing.find((flag) => !JUDGED_ANEW.has(flag)) ?? differing[0];
  if (other === undefined) return false;
  const isOfStatuses = JUDGED_ANEW.has(other);
  if (isOfStatuses && options.retryFailed && old.retry === null) return true;
  const difference = describeDifference(other, old.identity[other] ?? null, identity[other]);
  const mend = !isOfStatuses
    ? "give the same one"
    : options.retryFailed
    ? "end the retry that was interrupted with the same one first"
    : "give the same one, --retry-failed to make again what has failed by this one";
  return fail(options, `it is of another command: ${difference}: ${mend}, or ${START_OVER}`);
}

async function oldJournal(options: Options): Promise<JournalState | undefined> {
  const path = toJournalPath(options);
  try {
    return await readJournal(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const why = error instanceof JournalError ? error.message : describeWriteError(error);
    return fail(options, `its journal '${path}' cannot be used, as ${why}: give ${START_OVER}`);
  }
}

async function newState(options: Options): Promise<JournalState> {
  const salt = crypto.getRandomValues(new Uint8Array(16)).toHex();
  return {
    identity: await toIdentity(options, salt),
    salt,
    input: await toInputState(options),
    crEndsLines: true,
    complete: false,
    retry: null,
    done: { low: 0, above: "" },
    output: 0,
    failures: options.failures === undefined ? null : 0,
    stats: new Stats().toJSON(),
    seconds: 0,
    cpuSeconds: 0,
    peakRssKb: 0,
  };
}
