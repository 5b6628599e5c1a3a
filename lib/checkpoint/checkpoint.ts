import { OutputError } from "../errors.ts";
import type { RunArchive } from "../output/archive/run_archive.ts";
import type { BodySync } from "../output/bodies/body_sync.ts";
import type { Output } from "../output/output.ts";
import { describeWriteError } from "../process/os_error.ts";
import { type NumberSequence, toIndex } from "../source/numbering.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import { countDone, DoneSet } from "./done_set.ts";
import type { JournalState } from "./journal.ts";
import type { JournalStore } from "./journal_store.ts";
import { removeLog } from "./log/log_folder.ts";
import type { RunLog } from "./log/run_log.ts";
import type { SparseBitmap } from "./sparse_bitmap.ts";

/** After so many bytes of output a journal is written, however short the time was. */
const MAX_UNSYNCED_BYTES = 32 * 1024 * 1024;
/** Milliseconds between two looks whether a journal is due. */
const LOOK_MS = 100;

/** What a checkpoint is made of. */
export interface CheckpointOptions {
  readonly journal: JournalStore;
  /** What the run begins with. */
  readonly before: JournalState;
  readonly output: Output;
  readonly failures: Output | undefined;
  /** The archive of exchanges; undefined if they are not saved. */
  readonly archive: Pick<RunArchive, "sync" | "confirm" | "written"> | undefined;
  /** Brings bodies in files of their own to the disk; undefined if no journal waits for them. */
  readonly bodies: Pick<BodySync, "sync"> | undefined;
  readonly numbers: NumberSequence;
  /** For a retry, the places of the requests that are made again. */
  readonly failed: SparseBitmap | undefined;
  /** The rest of a journal, as it is now. */
  readonly now: () => Pick<
    JournalState,
    "stats" | "seconds" | "cpuSeconds" | "peakRssKb" | "shortages" | "cluster"
  >;
  /** The log behind the journal; undefined without. */
  readonly log: RunLog | undefined;
  /** Gives the outputs the records of all results that are marked, and logs these. */
  readonly endBlock: () => void;
  /** Called if a journal cannot be written: the run cannot continue. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Keeps the journal of a run: which requests are done, and how far the output holds their records.
 * A record is in the output's buffer when its request is marked as done. So what is marked at a
 * moment is what the output holds once all records of that moment are on the disk; only then the
 * journal of that moment is written.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #done: DoneSet;
  readonly #timer: ReturnType<typeof setInterval>;
  #writing: Promise<void> | undefined;
  /**
   * Why a journal could not be written. None follows: the system tells once that a write to the disk
   * has failed, and a later journal would count what is not there.
   */
  #failure: unknown;
  #hasChanged = false;
  #writtenAtMs = performance.now();
  #writtenBytes: number;
  /** In a retry: how many requests were given out, and the place of each that is not done yet. */
  #given = 0;
  readonly #ranks = new Map<number, number>();
  /** Wakes the source where it waits for the oldest requests. */
  #wake: (() => void) | undefined;
  /** What waits for the next journal: as many as slices are collected between two journals. */
  #waiting: (() => void)[] = [];

  constructor(options: CheckpointOptions) {
    this.#options = options;
    const { retry, done } = options.before;
    this.#done = DoneSet.from(retry === null ? done : retry.done);
    options.journal.reserve();
    this.#writtenBytes = this.#countWritten();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Marks a request as done, by its number; the output has its record. */
  add(i: number): void {
    if (this.#options.failed === undefined) {
      this.#done.add(toIndex(i, this.#options.numbers));
    } else {
      this.#done.add(this.#ranks.get(i) ?? this.#countRank(i));
      this.#ranks.delete(i);
    }
    this.#hasChanged = true;
    if (this.#wake !== undefined) {
      const wake = this.#wake;
      this.#wake = undefined;
      wake();
    }
  }

  /** Whether a request is one of this run that is not done, and can be marked now. */
  isOpen(i: number): boolean {
    const { failed, numbers } = this.#options;
    const place = toIndex(i, numbers);
    if (!Number.isSafeInteger(place) || place < 0) return false;
    if (failed !== undefined && !failed.has(place)) return false;
    const rank = failed === undefined ? place : this.#countRank(i);
    return this.#done.reaches(rank) && !this.#done.has(rank);
  }

  /**
   * Whether requests of a retry are not made again, whose failed records are gone: a later run has to
   * make them. Its time can end a retry before, and so can an input that has become shorter.
   */
  get leavesRetry(): boolean {
    const { retry } = this.#options.before;
    return retry !== null && countDone(this.#done.toJSON()) < retry.count;
  }

  /** The place of a request of a retry among those that it makes, without the source. */
  #countRank(i: number): number {
    return this.#options.failed!.countBelow(toIndex(i, this.#options.numbers));
  }

  /** Calls back once a journal that knows of all that is marked now is on the disk. */
  onJournal(call: () => void): void {
    this.#waiting.push(call);
    this.#hasChanged = true;
  }

  /**
   * What of a source is not done, by its numbers. It waits where a number could not be marked yet.
   */
  pending<T extends { readonly i: number }>(source: Source<T>): Source<T> {
    const filter = (step: Step<T>): MaybePromise<Step<T>> | undefined => {
      if (step.done) return step;
      const place = this.#findRank(step.value.i);
      if (place === undefined || this.#done.has(place)) return undefined;
      return give(step, place);
    };
    const give = (step: Step<T>, place: number): MaybePromise<Step<T>> => {
      if (!this.#done.reaches(place)) {
        return new Promise<void>((resolve) => this.#wake = resolve).then(() => give(step, place));
      }
      if (this.#options.failed !== undefined) this.#ranks.set((step.value as T).i, place);
      return step;
    };
    const next = (): MaybePromise<Step<T>> => {
      for (;;) {
        if (this.#given === this.#options.failed?.count) return { value: undefined, done: true };
        const step = source.next();
        if (step instanceof Promise) return step.then((step) => filter(step) ?? next());
        const wanted = filter(step);
        if (wanted !== undefined) return wanted;
      }
    };
    return { next, return: () => source.return?.() };
  }

  /** The place of a number among those that this run makes; undefined if it does not make it. */
  #findRank(i: number): number | undefined {
    const { failed, numbers } = this.#options;
    const place = toIndex(i, numbers);
    if (failed === undefined) return place;
    return failed.has(place) ? this.#given++ : undefined;
  }

  #countWritten(): number {
    const { output, archive } = this.#options;
    return output.written + (archive?.written ?? 0);
  }

  #look(): void {
    if (this.#failure !== undefined) return;
    try {
      this.#options.endBlock();
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#writing !== undefined || !this.#hasChanged) return;
    const { output } = this.#options;
    const sinceMs = performance.now() - this.#writtenAtMs;
    if (
      sinceMs < output.syncIntervalMs &&
      this.#countWritten() - this.#writtenBytes < MAX_UNSYNCED_BYTES
    ) return;
    this.#writing = this.#write({ complete: false, isLast: false })
      .catch((error) => this.#fail(error))
      .finally(() => this.#writing = undefined);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#options.onFailure(error);
  }

  async #write(
    { complete, isLast }: { readonly complete: boolean; readonly isLast: boolean },
  ): Promise<void> {
    const { journal, before, output, failures, archive, bodies, now, log, endBlock } =
      this.#options;
    endBlock();
    this.#hasChanged = false;
    // All of one moment: nothing is awaited before the outputs have set their records apart.
    const done = this.#done.toJSON();
    const ofLog = isLast ? null : log?.cover() ?? null;
    const waiting = this.#waiting;
    this.#waiting = [];
    const state = before.retry === null
      ? { ...before, ...now(), log: ofLog, done, complete }
      : { ...before, ...now(), log: ofLog, retry: complete ? null : { ...before.retry, done } };
    const [position, failuresPosition, archivePosition] = await Promise.all([
      output.sync(),
      failures?.sync(),
      archive?.sync(),
      bodies?.sync(),
    ]);
    try {
      await journal.write({
        ...state,
        output: position,
        failures: failuresPosition ?? before.failures,
        archive: archivePosition ?? before.archive,
      });
    } catch (error) {
      if (error instanceof OutputError) throw error;
      throw new OutputError(
        `Cannot write the ${journal.description}: ${describeWriteError(error)}`,
      );
    }
    output.confirm?.();
    archive?.confirm();
    if (!isLast) log?.onJournal();
    this.#writtenAtMs = performance.now();
    this.#writtenBytes = this.#countWritten();
    for (const call of waiting) call();
  }

  /** Ends without another journal: the last one stands. */
  async stop(): Promise<void> {
    await this.#endWriting();
    const { journal, log } = this.#options;
    log?.close();
    journal.close();
  }

  async #endWriting(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  /**
   * Writes the last journal.
   *
   * @param complete whether the run has come to its end
   * @throws {OutputError} If it cannot be written, or an earlier one could not.
   */
  async finish(complete: boolean): Promise<void> {
    await this.#endWriting();
    const { journal, log } = this.#options;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#write({ complete, isLast: true });
    } finally {
      log?.close();
      journal.close();
    }
    // Not before it is closed: on Windows, a folder with open files stays.
    if (log !== undefined) removeLog(log.place.path);
  }
}
