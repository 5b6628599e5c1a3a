/**
 * What there is of a run already: its output, the lock on it, and its journal.
 *
 * @module
 */
import { InputError, OutputError, UsageError } from "../errors.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import type { RunArchive } from "../output/archive/run_archive.ts";
import { removeSpoolFiles, SPOOL_NAME, toSpoolPrefix } from "../output/archive/archive_paths.ts";
import { openFile } from "../output/line_writer.ts";
import { openFailures, openRecords } from "../output/open_output.ts";
import type { KeptRecords, Output, Position } from "../output/output.ts";
import { describeOsError, describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { createNumbering, type NumberSequence } from "../source/numbering.ts";
import { Stats } from "../stats/stats.ts";
import { formatAllow } from "../text/format_allow.ts";
import { findState, type Found } from "./find_state.ts";
import type { JournalState } from "./journal.ts";
import type { JournalStore } from "./journal_store.ts";
import { countLog } from "./log/count_log.ts";
import type { LoggedPlaces, Sections } from "./log/entry.ts";
import {
  beginLog,
  checkLogPlace,
  drawLogId,
  type LogState,
  mayKeepLog,
  readLog,
  removeLog,
} from "./log/log_folder.ts";
import type { RunLog } from "./log/run_log.ts";
import { refuseOutput, type ResumeOptions, START_OVER } from "./resume_options.ts";
import { openRunOutput, type RunOutput, toRetryCopy } from "./run_output.ts";
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
  /** What the journal had that this command changes. */
  readonly #changed: Partial<JournalState> | undefined;
  /** Whether there is a run to resume. */
  readonly isResumed: boolean;
  /** The name of a run that may still be on a bus, and that this one does not resume there. */
  readonly leftRun: string | undefined;
  /** For `--retry-failed`, the places of the requests that are made again. */
  failed: SparseBitmap | undefined;
  /** The log behind the journal, whose results the state has; undefined without any. */
  readonly #tail: Tail | undefined;

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
      const tail = await findTail(options, opened.journal, found);
      const isOver = found.state === undefined || found.state.complete && !options.retryFailed;
      if (!isOver) checkPlaceOfLog(options, opened);
      const state = tail?.state ?? found.state;
      return new ResumePoint(options, opened, failures, { ...found, state }, tail);
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
    { state, isResumed, isJudgedAgain, leftRun, changed }: Found,
    tail: Tail | undefined,
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
    this.#changed = changed;
    this.#tail = tail;
  }

  /**
   * Cuts the outputs back to what the journal vouches for. For a new run, the new journal comes
   * first: an old one would speak of records that are no longer there, and what is written before any
   * would be of no run. For a run on several machines as well: the bus must not have a run that no
   * journal names. In a database that starts over, the old journal is gone with the records.
   *
   * @param archive of exchanges, if they are saved
   * @throws {UsageError} If that is not possible.
   * @throws {InputError} If the output cannot be read to its end.
   */
  async prepareFiles(archive?: RunArchive): Promise<void> {
    const { output, failures } = this;
    if (this.state !== undefined) archive?.keepParts();
    if (this.#options.retryFailed) return await this.#commitRetry(this.state!, archive);
    const isDatabase = output.database !== undefined;
    let { state } = this;
    if (state?.complete) {
      // The run before may have been killed before its output was whole.
      if (output.finish !== undefined && !isDatabase) await output.cutTo(state.output);
      return await this.#removeLeftovers();
    }
    // The log behind the journal of a run that is resumed is still needed.
    if (state !== undefined && !this.isResumed) state = this.#withNewLog(state);
    try {
      if (state !== undefined && !this.isResumed && !isDatabase) await this.journal.write(state);
      if (isDatabase && !this.isResumed) await output.database!.startOver();
      await output.cutTo(state?.output ?? 0);
      // Its table is there now.
      if (state !== undefined && !this.isResumed && isDatabase) await this.journal.write(state);
      await failures?.cutTo(state?.failures ?? 0);
      await archive?.cutTo(state?.archive ?? 0);
      if (state !== undefined && this.isResumed) state = await this.#goOn(state, archive);
      if (state !== undefined) await this.#removeRetryLeftovers();
      this.state = state;
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputError) throw error;
      if (error instanceof InputError) throw error;
      refuseOutput(this.#options, describeWriteError(error));
    }
  }

  /** Removes what only a run in progress needs: a kill behind the last journal leaves it. */
  async #removeLeftovers(): Promise<void> {
    const { archive } = this.#options;
    removeLog(this.journal.logPath);
    try {
      await this.#removeRetryLeftovers();
      if (archive === undefined) return;
      removeSpoolFiles(archive.path);
      if (!archive.cdx) return;
      const { removeGathered } = await import("../output/cdx/cdx_index.ts");
      await removeGathered(archive.path);
    } catch {
      // It does no harm to the run, which is complete.
    }
  }

  /**
   * Removes what a retry leaves that is killed before its first journal: the list, and the copy, which
   * is the program's own if the list is there.
   */
  async #removeRetryLeftovers(): Promise<void> {
    if (this.output.database !== undefined) return;
    const copy = toRetryCopy(this.#options.output.path);
    try {
      if (!await this.journal.removeRetryList()) return;
      if (isGranted({ name: "write", path: copy })) await Deno.remove(copy);
    } catch {
      // It is gone, or does no harm to the run.
    }
  }

  /** A journal that a new log goes on behind, where the run has one. */
  #withNewLog(state: JournalState): JournalState {
    const hasLog = keepsLog(this.#options, this.journal);
    return { ...state, log: hasLog ? { id: drawLogId(), covered: [], seconds: 0 } : null };
  }

  /**
   * Writes the records of the log behind those of the journal, and the journal of both. Until then,
   * the old journal and its log stand, and this can be begun again.
   */
  async #goOn(state: JournalState, archive: RunArchive | undefined): Promise<JournalState> {
    const { output, journal } = this;
    if (this.#tail !== undefined) state = { ...state, ...await this.#append(this.#tail, archive) };
    state = this.#withNewLog(state);
    await journal.write(state);
    output.confirm?.();
    return state;
  }

  async #append(
    { log, entries }: Tail,
    archive: RunArchive | undefined,
  ): Promise<Pick<JournalState, "output" | "failures" | "archive">> {
    const { output, failures, journal } = this;
    const { archive: place, saveBodies, sync } = this.#options;
    const prefix = place && toSpoolPrefix(place.path);
    const { BodySync } = await import("../output/bodies/body_sync.ts");
    const { listBodies } = await import("../output/bodies/body_checks.ts");
    const isBodySynced = saveBodies !== undefined && sync !== "never";
    using bodies = isBodySynced ? new BodySync(saveBodies) : undefined;
    let rest = entries;
    for (const { sections } of readLog(journal.logPath, log)) {
      if (rest-- === 0) break;
      const { failures: failed, exchanges, captures, places } = sections;
      let records = { bytes: sections.records, isPacked: false };
      if (exchanges.length > 0 && archive !== undefined) {
        const { mark, base = 0, responses, parts } = parsePlaces(places);
        const packed = {
          bytes: exchanges,
          parts: parts.map((part) => ({ ...part, path: `${prefix}${part.name}` })),
          responses,
          captures: this.#options.archive!.cdx ? decoder.decode(captures) : undefined,
          base,
        };
        records = archive.fillPlaces(records, packed, mark);
        await archive.append(packed);
      }
      if (records.bytes.length > 0) await output.writeEncoded(records);
      if (failed.length > 0) await failures?.writeEncoded({ bytes: failed, isPacked: false });
      for (const name of listBodies(decoder.decode(sections.bodies))) bodies?.add(name);
      await bodies?.full;
    }
    const [position, ofFailures = null, ofArchive = null] = await Promise.all([
      output.sync(),
      failures?.sync(),
      archive?.sync(),
      bodies?.sync(),
    ]);
    return { output: position, failures: ofFailures, archive: ofArchive };
  }

  /**
   * Takes the failures out of the output, and notes which they were. After each step, this can be
   * begun again.
   */
  async #commitRetry(state: JournalState, archive: RunArchive | undefined): Promise<void> {
    const { output } = this.#options;
    const { path } = output;
    const { journal } = this;
    const { database } = this.output;
    const isNew = state.retry === null;
    const isArchiveCut = isNew && this.#tail !== undefined;
    const keep = async (records: KeptRecords): Promise<Position> => {
      if (database !== undefined) return database.keepRecords(records);
      const { copy } = await OUTPUT_FORMATS[output.format].loadReader();
      return await copy!({ from: path, to: toRetryCopy(path), gzip: output.gzip, ...records });
    };
    try {
      if (isNew) {
        await this.output.cutTo(state.output);
        if (this.#tail !== undefined) {
          await this.failures?.cutTo(state.failures ?? 0);
          await archive?.cutTo(state.archive ?? 0);
          state = { ...state, ...await this.#append(this.#tail, archive), log: null };
          // Until the records are judged, the run is the one that it was.
          await journal.write({ ...state, ...this.#changed });
          this.output.confirm?.();
        }
        if (database === undefined) await this.output.finish?.();
        // Before the copy: by it, a run after a kill knows whose the copy is.
        if (database === undefined) await journal.writeRetryList([]);
        const { keepSucceeded } = await import("./retry_failed.ts");
        const kept = keepSucceeded(path, {
          keep,
          numbering: this.numbering,
          expected: this.#isJudgedAgain ? this.#options.expect : undefined,
        });
        const { failed, position, refuted } = await kept.catch(async (error) => {
          if (database === undefined) {
            await Deno.remove(toRetryCopy(path)).catch(() => {});
            await journal.removeRetryList().catch(() => {});
          }
          throw error;
        });
        await journal.writeRetryList(failed.lines());
        state = {
          ...state,
          stats: Stats.from(state.stats, this.#options).withoutFailed(refuted).toJSON(),
          output: position,
          log: null,
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
        await Deno.rename(toRetryCopy(path), path).catch((error) => {
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
      if (!isArchiveCut) await archive?.cutTo(state.archive ?? 0);
      this.state = isNew ? this.#withNewLog(state) : await this.#goOn(state, archive);
      if (isNew) await journal.write(this.state);
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputError) throw error;
      if (error instanceof InputError) throw error;
      refuseOutput(this.#options, describeWriteError(error));
    }
  }

  /**
   * Makes the folder of the log behind the journal, which has the results of an earlier log by now.
   *
   * @returns undefined for a run that has no log
   * @throws {UsageError} If that is not possible.
   */
  async beginLog(): Promise<RunLog | undefined> {
    const { log } = this.state!;
    const path = this.journal.logPath;
    // A run before may have had a log where this one has none.
    if (log === null) return void removeLog(path);
    const isSynced = this.#options.sync === "always";
    const { RunLog } = await import("./log/run_log.ts");
    try {
      await beginLog(path, isSynced);
    } catch (error) {
      return refuseLog(this.#options, path, error);
    }
    const startMs = performance.timeOrigin + performance.now();
    return new RunLog({ path, id: log.id, isSynced, startMs });
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

const decoder = new TextDecoder();

/** Entries of a log. */
interface Tail {
  readonly log: LogState;
  /** How many of them count, from the first one. */
  readonly entries: number;
  /** The journal together with them. */
  readonly state: JournalState;
}

function keepsLog({ cluster }: ResumeOptions, { logPath }: JournalStore): boolean {
  // What workers of a cluster have done is kept on the bus until a journal has it.
  return cluster === undefined && mayKeepLog(logPath);
}

/** Refuses a run whose log cannot be made, before anything is changed. */
function checkPlaceOfLog(options: ResumeOptions, { journal }: Pick<RunOutput, "journal">): void {
  if (!keepsLog(options, journal)) return;
  try {
    checkLogPlace(journal.logPath);
  } catch (error) {
    refuseLog(options, journal.logPath, error);
  }
}

function refuseLog(options: ResumeOptions, path: string, error: unknown): never {
  return refuseOutput(options, `its log '${path}' cannot be made: ${describeWriteError(error)}`);
}

/** Finds what was done behind the journal of a run that is resumed. */
async function findTail(
  options: ResumeOptions,
  journal: JournalStore,
  { state, isResumed }: Found,
): Promise<Tail | undefined> {
  if (!isResumed || state === undefined || state.log === null) return undefined;
  const { log, retry } = state;
  const { logPath } = journal;
  if (!mayKeepLog(logPath)) {
    const flags = `${formatAllow("write", [logPath])} ${formatAllow("read", [logPath])}`;
    refuseOutput(options, `no permission for its log: run with ${flags}`);
  }
  try {
    const failed = retry === null ? undefined : SparseBitmap.parse(await journal.readRetryList());
    // What is wrong with the list is said where the retry begins.
    if (retry !== null && failed === undefined) return undefined;
    const tail = countLog(state, readLog(logPath, log), {
      numbers: createNumbering(options),
      failed,
      stats: options,
      isWhole: await openFileCheck(options),
    });
    return tail.entries === 0 ? undefined : { log, ...tail };
  } catch (error) {
    const why = `its log '${logPath}' cannot be read: ${describeOsError(error)}`;
    return refuseOutput(options, `${why}: ${START_OVER}`);
  }
}

/**
 * What says whether the files that an entry names are whole: those of bodies, and the parts of an
 * archive; undefined if the run has none.
 */
async function openFileCheck(
  { saveBodies, archive }: ResumeOptions,
): Promise<((sections: Sections) => boolean) | undefined> {
  if (saveBodies === undefined && archive === undefined) return undefined;
  const { areBodiesWhole, isFileWhole } = await import("../output/bodies/body_checks.ts");
  if (saveBodies !== undefined) {
    return ({ bodies }) => areBodiesWhole(saveBodies, decoder.decode(bodies));
  }
  const prefix = toSpoolPrefix(archive!.path);
  return ({ exchanges, places }) =>
    exchanges.length === 0 ||
    parsePlaces(places).parts.every((part) =>
      SPOOL_NAME.test(part.name) && isFileWhole(`${prefix}${part.name}`, part.length, part.crc)
    );
}

function parsePlaces(places: Uint8Array): LoggedPlaces {
  return JSON.parse(decoder.decode(places));
}

/** Closes outputs that nobody needs any more, whether or not the last of them can be written. */
async function closeAll(...outputs: readonly (Output | undefined)[]): Promise<void> {
  for (const output of outputs) await output?.close().catch(() => {});
}
