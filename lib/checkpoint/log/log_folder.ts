import { dirname } from "node:path";
import { OutputError } from "../../errors.ts";
import { openFreshFile } from "../../process/fresh_file.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { isGranted } from "../../process/permission.ts";
import { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import { syncFileSync, syncFolder, syncFolderSync } from "../../process/sync.ts";
import { type Entry, openEntry } from "./entry.ts";

/** The names of its files: the number of a thread, and which of its two files it is. */
const FILE_NAME = /^(\d{1,4})\.([01])$/;
/** A file with more bytes was not written by a run. */
const MAX_FILE_BYTES = 2 ** 30;
/** Only the owner may read a log: it holds records and failed requests. */
const OWNER_ONLY = 0o600;
const FOLDER_OWNER_ONLY = 0o700;

/** What a journal says of the log behind it. */
export interface LogState {
  /** What its entries are known by. */
  readonly id: number;
  /** The number of the last entry of each thread whose results the journal has; 0 without one. */
  readonly covered: readonly number[];
  /** Seconds since the log began: the journal has the time until then. */
  readonly seconds: number;
}

/** What a thread needs to write its part of a log. */
export interface LogPlace {
  /** The folder of the log. */
  readonly path: string;
  /** Names the journal that it continues. */
  readonly id: number;
  /** Whether each entry is brought to the disk. */
  readonly isSynced: boolean;
  /** When it began, in milliseconds since 1970 by a clock that never goes back. */
  readonly startMs: number;
}

/** How long a log is being written, in seconds: the same in all threads. */
export function measureLogSeconds({ startMs }: Pick<LogPlace, "startMs">): number {
  // A worker has an origin of its own.
  return Math.max(0, performance.timeOrigin + performance.now() - startMs) / 1_000;
}

/** Draws what a journal and the entries behind it are known by. */
export function drawLogId(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 12) * 2 ** 32 + low;
}

/** Whether this process has the permissions for a log; a run does without it if not. */
export function mayKeepLog(path: string): boolean {
  return isGranted({ name: "write", path }) && isGranted({ name: "read", path });
}

/**
 * Looks whether a log can have a folder there, and changes nothing.
 *
 * @returns what is there: a folder, or a link; undefined if it is nothing
 * @throws {Error} If a file of another program is in its place.
 */
export function checkLogPlace(path: string): Deno.FileInfo | undefined {
  let info;
  try {
    info = Deno.lstatSync(path);
  } catch {
    // Nothing is there, or the folder cannot be read: what that means is said when it is made.
    return undefined;
  }
  if (info.isDirectory || info.isSymlink) return info;
  throw new Error("a file of another program has its name: move that away");
}

/**
 * Makes the folder of a log, for entries of a new journal: what is in it is not needed any more.
 *
 * @param isSynced whether it waits until the folder is on the disk
 */
export async function beginLog(path: string, isSynced: boolean): Promise<void> {
  try {
    Deno.mkdirSync(path, { mode: FOLDER_OWNER_ONLY });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    closeFolder(path);
  }
  if (isSynced) await syncFolder(dirname(path));
}

/**
 * Empties a folder that is there, and closes it to others, who may have made it.
 *
 * @throws {Error} If it is another user's, or a file.
 */
function closeFolder(path: string): void {
  if (checkLogPlace(path)?.isSymlink) {
    // It would lead into a folder that others can read.
    Deno.removeSync(path);
    return Deno.mkdirSync(path, { mode: FOLDER_OWNER_ONLY });
  }
  for (const name of listFiles(path)) Deno.removeSync(`${path}/${name}`);
  if (Deno.build.os !== "windows") Deno.chmodSync(path, FOLDER_OWNER_ONLY);
}

/** Removes a log. A folder that holds something else stays. */
export function removeLog(path: string): void {
  try {
    if (!Deno.lstatSync(path).isDirectory) return;
    for (const name of listFiles(path)) Deno.removeSync(`${path}/${name}`);
    Deno.removeSync(path);
  } catch {
    // What is left of it is of no journal, and the next run removes it.
  }
}

function listFiles(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name)
      .filter((name) => FILE_NAME.test(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Writes the entries of a thread, into two files by turns. Each is overwritten from its beginning,
 * which costs a third of writing behind its end, and what is left behind the last entry has smaller
 * numbers.
 */
export class LogWriter {
  readonly #path: string;
  readonly #isSynced: boolean;
  readonly #files: readonly Deno.FsFile[];
  /** For what is opened to be synced; undefined if nothing is. */
  readonly #spare: ReservedDescriptors | undefined;
  /** Which of the files takes entries. */
  current = 0;
  #hasSyncedFolder = false;

  /**
   * @param thread its number, from 0
   * @throws {OutputError} If its files cannot be made.
   */
  constructor({ path, isSynced }: LogPlace, thread: number) {
    this.#path = path;
    this.#isSynced = isSynced;
    this.#files = this.#try(() =>
      [0, 1].map((k) => openFreshFile(`${path}/${thread}.${k}`, { mode: OWNER_ONLY }))
    );
    if (isSynced) this.#spare = new ReservedDescriptors(`${path}/${thread}.0`);
  }

  /** Overwrites the file that does not take entries by those that follow: it holds none that count. */
  switchTo(file: number): void {
    if (file === this.current) return;
    this.current = file;
    this.#try(() => this.#files[file].seekSync(0, Deno.SeekMode.Start));
  }

  /** @throws {OutputError} If the entry cannot be written. */
  write(entry: Uint8Array): void {
    const file = this.#files[this.current];
    this.#try(() => {
      for (let written = 0; written < entry.length;) {
        written += file.writeSync(entry.subarray(written));
      }
      if (!this.#isSynced) return;
      file.syncDataSync();
      if (this.#hasSyncedFolder) return;
      // Now that both files are in it.
      syncFolderSync(this.#path, this.#spare!);
      this.#hasSyncedFolder = true;
    });
  }

  /** Brings a file to the disk that the next entry names. @throws {OutputError} If that fails. */
  sync(path: string): void {
    this.#try(() => syncFileSync(path, this.#spare!));
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new OutputError(`Cannot write the log '${this.#path}': ${describeWriteError(error)}`);
    }
  }

  close(): void {
    for (const file of this.#files) file.close();
    this.#spare?.close();
  }
}

/**
 * Reads the entries behind a journal. Those of a thread end where one is missing or not whole.
 *
 * @param covered the number of the last entry of each thread that the journal knows of
 */
export function* readLog(
  path: string,
  { id, covered }: { readonly id: number; readonly covered: readonly number[] },
): Generator<Entry> {
  const threads = new Set(listFiles(path).map((name) => Number(FILE_NAME.exec(name)![1])));
  for (const thread of [...threads].sort((a, b) => a - b)) {
    const files = [0, 1].map((k) => [...readFile(`${path}/${thread}.${k}`, id)]);
    files.sort(([a], [b]) => (a?.number ?? 0) - (b?.number ?? 0));
    let last = covered[thread] ?? 0;
    for (const entry of files.flat()) {
      if (entry.number <= last) continue;
      if (entry.number !== last + 1) break;
      last++;
      yield entry;
    }
  }
}

/** The entries from the beginning of a file, as far as they are whole and follow each other. */
function* readFile(path: string, id: number): Generator<Entry> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    if (Deno.lstatSync(path).size > MAX_FILE_BYTES) return;
    bytes = Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  let number: number | undefined;
  for (let at = 0;;) {
    const entry = openEntry(bytes.subarray(at));
    if (entry === undefined || entry.id !== id) return;
    // What an earlier turn has left has smaller numbers. Those of a thread can have gaps.
    if (number !== undefined && entry.number <= number) return;
    number = entry.number;
    at += entry.length;
    yield entry;
  }
}
