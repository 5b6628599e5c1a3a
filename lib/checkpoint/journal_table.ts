import type { OutputDatabase } from "../output/output.ts";
import { formatJournal, type JournalState, parseJournal } from "./journal.ts";
import type { JournalStore } from "./journal_store.ts";

/** The names of the texts in the database. */
const JOURNAL = "journal";
const RETRY_LIST = "retry";

/**
 * A journal that is in the database of the records, as is the list of a retry. A journal ends the
 * transaction of the records and the list before it.
 */
export class JournalTable implements JournalStore {
  readonly description = "journal";
  readonly place = "in it";
  readonly retryList = "list of what failed";
  readonly #database: OutputDatabase;

  /** @param logPath of the log, which is beside the database: what is in it waits for a commit */
  constructor(database: OutputDatabase, readonly logPath: string) {
    this.#database = database;
  }

  async read(): Promise<JournalState | undefined> {
    const text = this.#database.readText(JOURNAL);
    return text === undefined ? undefined : await parseJournal(text);
  }

  async write(state: JournalState): Promise<void> {
    const text = await formatJournal(state);
    this.#database.writeText(JOURNAL, text);
    this.#database.commit();
  }

  readRetryList(): Promise<string> {
    return Promise.resolve(this.#database.readText(RETRY_LIST) ?? "");
  }

  writeRetryList(lines: Iterable<string>): Promise<void> {
    this.#database.writeText(RETRY_LIST, [...lines].join(""));
    return Promise.resolve();
  }

  removeRetryList(): Promise<boolean> {
    const isThere = this.#database.readText(RETRY_LIST) !== undefined;
    this.#database.writeText(RETRY_LIST, undefined);
    this.#database.commit();
    return Promise.resolve(isThere);
  }

  // The database has its files open.
  reserve(): void {}
  close(): void {}
}
