import { type LogPlace, measureLogSeconds } from "./log_folder.ts";
import type { LogState } from "./log_state.ts";
import type { ResultLog } from "./result_log.ts";

/** How far the main thread has what a thread has logged. */
export interface LogMark {
  /** The number of the last entry. */
  readonly number: number;
  /** Which of its files takes the next ones; undefined if none follow. */
  readonly file: number | undefined;
}

/**
 * The log of a run: which entries of its threads the journal covers, and which of their files may be
 * overwritten.
 *
 * ```text
 * journal 1 ──────────────► journal 2 ──────────────► journal 3
 * file 0: entries behind 1  file 1: entries behind 2  file 0: overwritten
 *         and while 2 is written
 * ```
 *
 * While a journal is written, entries go where they went before, and it does not cover them. So a
 * file is overwritten only after a journal that was begun when no thread wrote into it any more.
 */
export class RunLog {
  readonly place: LogPlace;
  /** That of the main thread; undefined if workers make the requests. */
  own: ResultLog | undefined;
  /** Tells the workers which file takes their entries. */
  onTurn: ((file: number) => void) | undefined;
  readonly #marks: LogMark[] = [];
  #current = 0;
  /** Whether the journal that is written covers all entries of the other file. */
  #isOtherFree = false;

  constructor(place: LogPlace) {
    this.place = place;
  }

  /** Takes how far the results of a worker have come that the main thread has. */
  note(thread: number, mark: LogMark): void {
    this.#marks[thread] = mark;
  }

  /** Begins a journal. @returns what it has to say of the log */
  cover(): LogState {
    const { own } = this;
    if (own !== undefined) this.note(0, own);
    const marks = Array.from(this.#marks, (mark = NO_MARK) => mark);
    this.#isOtherFree = marks.every(({ file }) => file === undefined || file === this.#current);
    return {
      id: this.place.id,
      covered: marks.map(({ number }) => number),
      seconds: measureLogSeconds(this.place),
    };
  }

  /** Takes that the journal which was begun is in its place. */
  onJournal(): void {
    if (!this.#isOtherFree) return;
    this.#current = 1 - this.#current;
    this.own?.switchTo(this.#current);
    this.onTurn?.(this.#current);
  }

  close(): void {
    this.own?.close();
  }
}

/** A worker that has told nothing yet begins with the first file. */
const NO_MARK: LogMark = { number: 0, file: 0 };
