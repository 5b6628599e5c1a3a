import type { JournalState } from "./journal.ts";

/** Where a run keeps its journal: a file beside its output, or the output if that is a database. */
export interface JournalStore {
  /** What it is, in words: `journal 'results.ndjson.myriad'`. */
  readonly description: string;
  /** Where it is: `beside it` or `in it`, of the output. */
  readonly place: string;
  /** The folder of the log that goes on behind it. */
  readonly logPath: string;
  /**
   * Reads the journal.
   *
   * @returns undefined without one
   * @throws {JournalError} If it cannot be relied on.
   */
  read(): Promise<JournalState | undefined>;
  /** Replaces the journal. At any moment the old one or the new one is there, whole. */
  write(state: JournalState): Promise<void>;
  /** What the list of a retry is, in words: `list 'results.ndjson.myriad.retry'`. */
  readonly retryList: string;
  /** Reads the list of what a retry makes again, as it was written. */
  readRetryList(): Promise<string>;
  writeRetryList(lines: Iterable<string>): Promise<void>;
  /** Removes it, if this process may. @returns whether it was there */
  removeRetryList(): Promise<boolean>;
  /** Takes what the next journals need, before the requests take it. */
  reserve(): void;
  /** Gives that back. */
  close(): void;
}
