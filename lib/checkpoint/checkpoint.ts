import { OutputError } from "../errors.ts";
import type { LineWriter } from "../output/line_writer.ts";
import { describeWriteError } from "../process/os_error.ts";
import { type NumberSequence, toIndex } from "../source/numbering.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";
import { DoneSet } from "./done_set.ts";
import { type JournalState, writeJournal } from "./journal.ts";
import type { SparseBitmap } from "./sparse_bitmap.ts";

/** How often a journal is written, and after how much of output at the latest. */
const EVERY_MS = 1_000;
const EVERY_BYTES = 32 * 1024 * 1024;
/** With gzip each time ends a member, and small ones compress badly. */
const GZIP_EVERY_MS = 5_000;
const LOOK_MS = 100;

/** What a checkpoint is made of. */
export interface CheckpointOptions {
  /** The journal's path. */
  readonly path: string;
  readonly gzip: boolean;
  readonly before: JournalState;
  readonly output: LineWriter;
  readonly failures: LineWriter | undefined;
  readonly numbers: NumberSequence;
  /** For a retry, the places of what is to be requested. */
  readonly failed: SparseBitmap | undefined;
  /** The rest of what a journal says, as it is now. */
  readonly now: () => Pick<
    JournalState,
    "stats" | "seconds" | "cpuSeconds" | "peakRssKb" | "shortages"
  >;
  /** Called if a journal cannot be written: the run cannot go on. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Keeps the journal of a run: which requests are done, and how much of the output holds their
 * records. A record is in the output's buffer when its request is marked as done, so what is
 * marked at a moment is what the output holds once all lines of that moment are on the disk; only
 * then is the journal of that moment written.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #done: DoneSet;
  readonly #timer: ReturnType<typeof setInterval>;
  #writing: Promise<void> | undefined;
  #hasChanged = false;
  #writtenAtMs = performance.now();
  #writtenBytes: number;
  /** In a retry: how many of them were given out, and the place among them of those in flight. */
  #given = 0;
  readonly #ranks = new Map<number, number>();
  /** Lets the source go on that has to wait for the oldest requests. */
  #wake: (() => void) | undefined;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    const { retry, done } = options.before;
    this.#done = DoneSet.from(retry === null ? done : retry.done);
    this.#writtenBytes = options.before.output;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Marks a request as done whose record the output has taken. */
  add({ i }: Target): void {
    if (this.#options.failed === undefined) {
      this.#done.add(toIndex(i, this.#options.numbers));
    } else {
      this.#done.add(this.#ranks.get(i)!);
      this.#ranks.delete(i);
    }
    this.#hasChanged = true;
    if (this.#wake !== undefined) {
      const wake = this.#wake;
      this.#wake = undefined;
      wake();
    }
  }

  /** Of a source, the targets that are not done; none so far ahead that it could not be marked. */
  pending(source: Source<Target>): Source<Target> {
    const filter = (step: Step<Target>): MaybePromise<Step<Target>> | undefined => {
      if (step.done) return step;
      const place = this.#rankOf(step.value);
      if (place === undefined || this.#done.has(place)) return undefined;
      return give(step, place);
    };
    const give = (step: Step<Target>, place: number): MaybePromise<Step<Target>> => {
      if (!this.#done.reaches(place)) {
        return new Promise<void>((resolve) => this.#wake = resolve).then(() => give(step, place));
      }
      if (this.#options.failed !== undefined) this.#ranks.set((step.value as Target).i, place);
      return step;
    };
    const next = (): MaybePromise<Step<Target>> => {
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

  /** The place of a target among those that this run is to make; undefined if it is none. */
  #rankOf({ i }: Target): number | undefined {
    const { failed, numbers } = this.#options;
    const place = toIndex(i, numbers);
    if (failed === undefined) return place;
    return failed.has(place) ? this.#given++ : undefined;
  }

  #look(): void {
    if (this.#writing !== undefined || !this.#hasChanged) return;
    const { gzip, output } = this.#options;
    const sinceMs = performance.now() - this.#writtenAtMs;
    if (
      sinceMs < (gzip ? GZIP_EVERY_MS : EVERY_MS) &&
      output.length - this.#writtenBytes < EVERY_BYTES
    ) return;
    this.#writing = this.#write(false).catch(this.#options.onFailure)
      .finally(() => this.#writing = undefined);
  }

  async #write(complete: boolean): Promise<void> {
    const { path, before, output, failures, now } = this.#options;
    this.#hasChanged = false;
    // All of one moment: nothing is awaited before both files have set their lines apart.
    const done = this.#done.toJSON();
    const state = before.retry === null
      ? { ...before, ...now(), done, complete }
      : { ...before, ...now(), retry: complete ? null : { ...before.retry, done } };
    const files = [output.sync(), failures?.sync()];
    const [length, failuresLength] = await Promise.all(files);
    try {
      await writeJournal(path, {
        ...state,
        output: length!,
        failures: failuresLength ?? before.failures,
      });
    } catch (error) {
      throw new OutputError(`Cannot write the journal '${path}': ${describeWriteError(error)}`);
    }
    this.#writtenAtMs = performance.now();
    this.#writtenBytes = length!;
  }

  /** Ends it without another journal: the last one stands. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
  }

  /**
   * Writes the last journal.
   *
   * @param complete whether the run has come to its end
   * @throws {OutputError} If it cannot be written.
   */
  async finish(complete: boolean): Promise<void> {
    await this.stop();
    await this.#write(complete);
  }
}
