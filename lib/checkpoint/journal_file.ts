import { openLineWriter } from "../output/line_writer.ts";
import { isGranted } from "../process/permission.ts";
import { ReservedDescriptors } from "../process/reserved_descriptors.ts";
import { type JournalState, readJournal, writeJournal } from "./journal.ts";
import type { JournalStore } from "./journal_store.ts";

/** Where the log behind a journal is, also where the journal itself would be in a file. */
export function toLogPath(journal: string): string {
  return `${journal}.log`;
}

/** A journal that is a file beside the output, and beside it the list of a retry. */
export class JournalFile implements JournalStore {
  readonly place = "beside it";
  readonly #path: string;
  readonly #isSynced: boolean;
  /** Sockets can take all descriptors, but each journal is a new file. */
  #reserve: ReservedDescriptors | undefined;

  /** @param isSynced whether a journal counts as written once it is on the disk */
  constructor(path: string, isSynced = true) {
    this.#path = path;
    this.#isSynced = isSynced;
  }

  get logPath(): string {
    return toLogPath(this.#path);
  }

  get description(): string {
    return `journal '${this.#path}'`;
  }

  async read(): Promise<JournalState | undefined> {
    try {
      return await readJournal(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  write(state: JournalState): Promise<void> {
    return writeJournal(this.#path, state, this.#reserve, this.#isSynced);
  }

  get #list(): string {
    return `${this.#path}.retry`;
  }

  get retryList(): string {
    return `list '${this.#list}'`;
  }

  readRetryList(): Promise<string> {
    return Deno.readTextFile(this.#list);
  }

  async writeRetryList(lines: Iterable<string>): Promise<void> {
    const writer = await openLineWriter(this.#list, {
      flag: "--retry-failed",
      isFresh: true,
      mode: 0o600,
    });
    try {
      for (const line of lines) await writer.write(line);
      await writer.sync();
    } finally {
      await writer.close();
    }
  }

  async removeRetryList(): Promise<boolean> {
    // Only a retry asks for it.
    if (!isGranted({ name: "write", path: this.#list })) return false;
    try {
      await Deno.remove(this.#list);
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return false;
    }
  }

  reserve(): void {
    this.#reserve = new ReservedDescriptors(this.#path);
  }

  close(): void {
    this.#reserve?.close();
  }
}
