import { dirname } from "node:path";
import { InputError, OutputError, UsageError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { syncFile, syncFolder } from "../../process/sync.ts";
import { UnpackError } from "../../unpack/unpack_error.ts";
import type { MaybePromise } from "../../stream.ts";
import { ARCHIVE_ENDING } from "../../warc/archive_ending.ts";
import { endCdxjLine } from "../../warc/cdxj.ts";
import { type LineFile, LineWriter, openFile, withoutSync } from "../line_writer.ts";
import { openSideFile } from "../side_file.ts";
import { type ArchivePart, indexArchive } from "./index_archive.ts";
import { sortLines } from "./sort_lines.ts";

const FLAG = "--cdx";
/** How much of the lines is read at once to find where to cut them. */
const BLOCK_BYTES = 64 * 1024;
/** Only the owner may read an index, as the archive: it has all of its URLs. */
const OWNER_ONLY = 0o600;

/** How the file of gathered lines begins: with a position, and a key. */
const GATHERED_BEGINNING = /^\d+ [!-~]/;

/** Where records are that an index gets the lines of. */
export interface IndexedBlock {
  /** The name of their file, without folders. */
  readonly filename: string;
  /** Where in the file the block begins that they are in, in bytes. */
  readonly offset: number;
  /** The position of the archive behind the block. */
  readonly position: number;
}

/** A file of an archive that is there already. */
export interface IndexedFile {
  readonly path: string;
  /** How many bytes of it count. */
  readonly length: number;
}

/** How an index is opened. */
export interface CdxIndexOptions {
  /** Whether an index that is there may not be replaced. */
  readonly isKept: boolean;
  /** Whether the run that is resumed has made what it is gathered in. */
  readonly isResumed: boolean;
  /** Whether its lines are brought to the disk. */
  readonly isSynced: boolean;
}

/** The path of the index of an archive: beside it, and one for all files of a series. */
export function toIndexPath(archive: string): string {
  return archive.replace(ARCHIVE_ENDING, "") + ".cdxj";
}

/**
 * The index of a run's archive. Its lines are gathered in a file beside it, in the order of the
 * archive, each behind the position that the archive has with it; at the end of the run they are
 * sorted. So a run that is resumed cuts them as it cuts the archive, and needs no position of theirs.
 *
 * ```text
 * crawl.warc.gz  ├───────────┼──────────────┤        crawl.cdxj.myriad   1234 com,example)/b …
 *                0           1234        5678                            1234 com,example)/a …
 *                                                                        5678 com,example)/c …
 * ```
 */
export class CdxIndex {
  readonly #path: string;
  readonly #gathered: string;
  #lines: LineWriter;
  /** Whether the file of gathered lines was not there. */
  readonly #isNew: boolean;
  readonly #isSynced: boolean;

  /**
   * Opens what an index is gathered in, and changes nothing.
   *
   * @param archive the path of its first file
   * @throws {UsageError} If it cannot be written, or is there already.
   */
  static async open(
    archive: string,
    { isKept, isResumed, isSynced }: CdxIndexOptions,
  ): Promise<CdxIndex> {
    const path = toIndexPath(archive);
    if (isKept && await isThere(path)) {
      throw new UsageError(
        `Cannot write '${FLAG}': '${path}' is there already: name another archive, or use --overwrite`,
      );
    }
    const gathered = `${path}.myriad`;
    try {
      const options = { begins: isResumed ? undefined : GATHERED_BEGINNING, mode: OWNER_ONLY };
      const { file, isNew } = await openSideFile(gathered, options);
      return new CdxIndex(path, gathered, file, { isNew, isSynced });
    } catch (error) {
      throw new UsageError(`Cannot write '${FLAG}': ${describeWriteError(error)}`);
    }
  }

  private constructor(
    path: string,
    gathered: string,
    file: LineFile,
    { isNew, isSynced }: { readonly isNew: boolean; readonly isSynced: boolean },
  ) {
    this.#path = path;
    this.#gathered = gathered;
    this.#isNew = isNew;
    this.#isSynced = isSynced;
    this.#lines = this.#toLines(file, gathered);
  }

  #toLines(file: LineFile, path: string): LineWriter {
    return new LineWriter(this.#isSynced ? file : withoutSync(file), `${FLAG} ${path}`);
  }

  /**
   * Adds the lines of records, in the order of the archive.
   *
   * @param captures lines of {@linkcode formatCapture}, whose offsets count from the block on
   * @returns a promise if the caller has to wait before it adds more
   * @throws {OutputError} If they, or earlier ones, could not be written; or by the promise.
   */
  add(captures: string, { filename, offset, position }: IndexedBlock): MaybePromise<void> {
    let lines = "";
    for (let at = 0, end; (end = captures.indexOf("\n", at)) >= 0; at = end + 1) {
      const behindOffset = captures.indexOf(" ", at);
      const behindLength = captures.indexOf(" ", behindOffset + 1);
      const line = endCdxjLine(captures.slice(behindLength + 1, end), {
        filename,
        offset: offset + Number(captures.slice(at, behindOffset)),
        length: Number(captures.slice(behindOffset + 1, behindLength)),
      });
      lines += `${position} ${line}`;
    }
    return lines === "" ? undefined : this.#lines.write(lines);
  }

  /**
   * Brings all lines so far to the disk.
   *
   * @throws {OutputError} If they could not be written.
   */
  async sync(): Promise<void> {
    await this.#lines.sync();
  }

  /**
   * Removes the index, and the lines of records that the archive has lost, and continues there. It is
   * called once, before the first record. Where the lines are gone, they are made again of the archive.
   *
   * @param files of the archive, which is cut already; together they have `position` bytes
   * @throws {UsageError} If that is not possible.
   */
  async cutTo(position: number, files: readonly IndexedFile[]): Promise<void> {
    try {
      // It is of records that may be gone.
      await removeFile(this.#path);
      const { size } = await Deno.stat(this.#gathered);
      if (position > 0 && size === 0) return await this.#readArchive(files);
      await this.#lines.cutTo(position === 0 ? 0 : await findEnd(this.#gathered, position));
    } catch (error) {
      if (error instanceof UsageError || error instanceof OutputError) throw error;
      const isRead = error instanceof InputError || error instanceof UnpackError;
      if (isRead) throw new UsageError(`${error.message}, or use --overwrite`);
      throw new UsageError(`Cannot write '${FLAG} ${this.#path}': ${describeWriteError(error)}`);
    }
  }

  async #readArchive(files: readonly IndexedFile[]): Promise<void> {
    // Under another name until all are there: a kill would leave some, which look like all.
    const fresh = `${this.#gathered}.new`;
    const { file } = await openFile(fresh, { flag: FLAG, mode: OWNER_ONLY, isFresh: true });
    const lines = this.#toLines(file, fresh);
    try {
      let before = 0;
      for (const { path, length } of files) {
        const part: ArchivePart = { path, start: 0, end: length };
        for await (const { line, end } of indexArchive(part)) {
          await lines.write(`${before + end} ${line}`);
        }
        before += length;
      }
      await lines.sync();
      await Deno.rename(fresh, this.#gathered);
    } catch (error) {
      await lines.close().catch(() => {});
      await removeFile(fresh);
      throw error;
    }
    await this.#lines.close();
    this.#lines = lines;
  }

  /**
   * Writes the index of all records so far, sorted, in place of the one that is there. Lines can be
   * added no more.
   *
   * @throws {OutputError} If it cannot be written.
   */
  async finish(): Promise<void> {
    await this.#lines.sync();
    const sorted = `${this.#gathered}.sorted`;
    try {
      await sortLines(this.#gathered, sorted, {
        scratch: [`${this.#gathered}.1`, `${this.#gathered}.2`],
        toLine: (line) => line.slice(line.indexOf(" ") + 1),
        mode: OWNER_ONLY,
      });
      // What it is made of is removed after it.
      if (this.#isSynced) await syncFile(sorted);
      await Deno.rename(sorted, this.#path);
      if (this.#isSynced) await syncFolder(dirname(this.#path));
    } catch (error) {
      await Deno.remove(sorted).catch(() => {});
      throw new OutputError(`Cannot write '${FLAG} ${this.#path}': ${describeWriteError(error)}`);
    }
  }

  /**
   * Lets go of the gathered lines.
   *
   * @param isComplete whether no run will need them
   * @throws {OutputError} If they could not be written.
   */
  async close(isComplete: boolean): Promise<void> {
    await this.#lines.close();
    if (isComplete) await Deno.remove(this.#gathered).catch(() => {});
  }

  /** Lets go of them where the run cannot begin; a file that was made is removed. */
  async abandon(): Promise<void> {
    await this.close(this.#isNew).catch(() => {});
  }
}

/** Removes the lines that the index of an archive was gathered in, if they are still there. */
export async function removeGathered(archive: string): Promise<void> {
  await removeFile(`${toIndexPath(archive)}.myriad`);
}

/**
 * Removes the index of an archive whose records are gone, and what such an index was gathered in.
 *
 * @throws {UsageError} If that is not possible.
 */
export async function removeIndex(archive: string): Promise<void> {
  const path = toIndexPath(archive);
  for (const stale of [path, `${path}.myriad`]) {
    await removeFile(stale).catch((error) => {
      throw new UsageError(
        `Cannot remove '${stale}', the index of what is overwritten: ${describeWriteError(error)}`,
      );
    });
  }
}

async function removeFile(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

const decoder = new TextDecoder("latin1");

/**
 * Where the lines end that begin with a position up to the given one, in bytes. Positions only grow;
 * the file is read from its end on, as few lines are behind a journal.
 */
async function findEnd(path: string, position: number): Promise<number> {
  using file = await Deno.open(path);
  let { size: start } = await file.stat();
  /** From `start` on, up to lines that are not kept. */
  let text = "";
  while (start > 0) {
    const block = new Uint8Array(Math.min(BLOCK_BYTES, start));
    start -= block.length;
    await file.seek(start, Deno.SeekMode.Start);
    for (let at = 0; at < block.length;) {
      const length = await file.read(block.subarray(at));
      if (length === null) throw new Deno.errors.UnexpectedEof("the file has become shorter");
      at += length;
    }
    text = decoder.decode(block) + text;
    const first = start === 0 ? 0 : text.indexOf("\n") + 1;
    if (first === 0 && start > 0) continue;
    let kept = -1;
    for (let at = first, end; (end = text.indexOf("\n", at)) >= 0; at = end + 1) {
      // A line that does not begin with a number gives NaN, and is not kept either.
      if (!(Number.parseInt(text.slice(at, at + 20), 10) <= position)) break;
      kept = end + 1;
    }
    if (kept >= 0) return start + kept;
    text = text.slice(0, first);
  }
  return 0;
}
