import { basename, dirname } from "node:path";
import { ByteBuffer } from "../../byte_buffer.ts";
import { OutputError, UsageError } from "../../errors.ts";
import { lockFile } from "../../process/file_lock.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { isGranted } from "../../process/permission.ts";
import { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import { syncFolder } from "../../process/sync.ts";
import { writeAll } from "../../process/write_all.ts";
import type { MaybePromise } from "../../stream.ts";
import { formatAllow } from "../../text/format_allow.ts";
import { RecordPacker } from "../../warc/record_packer.ts";
import { formatWarcInfo, type WarcInfo } from "../../warc/warcinfo.ts";
import type { BodiesOptions } from "../bodies/bodies.ts";
import type { Position } from "../output.ts";
import { listSerials, removeFile, removeSpoolFiles, toSerialPath } from "./archive_paths.ts";
import type { ArchiveOptions } from "./archiver.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { PackedExchanges, SpooledPart } from "./packed_exchanges.ts";
import type { ArchivePlace } from "./record_places.ts";

/** How many bytes of records wait for others, so that short ones are written in one go. */
const BLOCK_BYTES = 256 * 1024;
/** So many bytes are written on their own, and not copied to those of others before. */
const MIN_PIECE_BYTES = 32 * 1024;
/** How long they wait. */
const FLUSH_MS = 200;
/** How much of a spool file is in memory at once. */
const COPY_BYTES = 256 * 1024;
/** Only the owner may read an archive: it holds what was sent, credentials included. */
const OWNER_ONLY = 0o600;

/** What is written one behind the other: records in memory, a part of one on the disk. */
type Piece = ByteBuffer | Uint8Array<ArrayBuffer> | SpooledPart | "next file";

function isPart(piece: Piece | undefined): piece is SpooledPart {
  return typeof piece === "object" && "path" in piece;
}

/** How a run's archive is written. */
export interface ArchiveOutputOptions
  extends ArchiveOptions, Pick<WarcInfo, "software" | "command"> {
  /** A file that has so many bytes gets no more requests; from 1. */
  readonly sizeBytes: number;
  /** Whether records, and their lines of the index, are brought to the disk. */
  readonly isSynced: boolean;
}

/**
 * The archive of a run: a series of files, each of which begins with a `warcinfo` record. Its
 * position is the number of bytes in all of them.
 *
 * ```text
 * file 0       file 1       file 2
 * ├────────────┼────────────┼─────┤
 * 0                               position
 * ```
 *
 * One write is under way at a time, and records gather meanwhile. So it holds two blocks at most,
 * and what {@linkcode ArchiveOutput.append} has asked its callers to wait for.
 */
export class ArchiveOutput {
  readonly #options: ArchiveOutputOptions;
  readonly #packer: RecordPacker;
  readonly #spare: ReservedDescriptors;
  readonly #flushes: ReturnType<typeof setInterval>;
  /** The first file, which is locked while the run lasts. */
  readonly #first: Deno.FsFile;
  readonly #isNew: boolean;
  /** The file that is written. */
  #file: Deno.FsFile;
  /** Where in the series what was appended ends: the file, and how many bytes it has. */
  #serial = 0;
  #fileLength = 0;
  #total = 0;
  /** The same of what is written, and whole. */
  #written = { serial: 0, fileLength: 0 };
  /** What is gathered in: one is written while the next one fills. */
  readonly #buffers = new BufferPool(Infinity);
  #gathered = this.#buffers.take();
  #pieces: Piece[] = [];
  /** How many bytes of them are in memory. */
  #piecesLength = 0;
  #copyBuffer: Uint8Array<ArrayBuffer> | undefined;
  /**
   * Parts on the disk that the log needs until a journal has them: those that were copied since the
   * last `sync`, and those before it; undefined if they are removed at once. They are as many as fit
   * between two journals.
   */
  #copied: string[] | undefined;
  #synced: string[] = [];
  /** The write under way. Never rejects: its failure is `#failure`. */
  #writing: Promise<void> | undefined;
  #failure: OutputError | undefined;

  /**
   * Opens the first file and locks it, and changes nothing; a file that is missing is made.
   *
   * @throws {UsageError} If it cannot be written, or holds records of another run.
   */
  static async open(
    options: ArchiveOutputOptions,
    { isResumed, hasResults, overwrite }: BodiesOptions,
  ): Promise<ArchiveOutput> {
    const { path } = options;
    const fail = (why: string): never => refuse(path, why);
    const folder = dirname(path);
    if (!isGranted({ name: "write", path: folder }) || !isGranted({ name: "read", path: folder })) {
      return fail(
        `no permission: run with ${formatAllow("write", folder)} ${formatAllow("read", folder)}`,
      );
    }
    let file;
    let isNew = false;
    try {
      // To open a named pipe would wait for its reader.
      const info = await Deno.stat(path).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
      if (info?.isFile === false && !info.isDirectory) fail("it is not a file: name one");
      file = await Deno.open(path, { write: true }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
      isNew = file === undefined;
      if (isNew && isResumed && hasResults) {
        fail("it is gone, and what it held: use --overwrite to start over");
      }
      file ??= await Deno.open(path, { write: true, createNew: true, mode: OWNER_ONLY });
      if (!await lockFile(file)) fail("another run writes it: wait for its end");
      const full = (await measureFiles(path)).find(({ serial, size }) => serial > 0 || size > 0);
      if (full !== undefined && !isResumed && !overwrite) {
        const which = full.serial === 0 ? "it" : `'${toSerialPath(path, full.serial)}'`;
        fail(`${which} holds ${full.size} bytes already: name another file, or use --overwrite`);
      }
      if (!isResumed) removeSpoolFiles(path);
      return new ArchiveOutput(options, file, isNew);
    } catch (error) {
      file?.close();
      if (isNew && file !== undefined) await Deno.remove(path);
      if (error instanceof UsageError) throw error;
      return fail(describeWriteError(error));
    }
  }

  private constructor(options: ArchiveOutputOptions, first: Deno.FsFile, isNew: boolean) {
    this.#options = options;
    this.#packer = new RecordPacker(options.gzip);
    this.#spare = new ReservedDescriptors(options.path);
    this.#first = this.#file = first;
    this.#isNew = isNew;
    this.#flushes = setInterval(() => this.#flush(), FLUSH_MS);
    Deno.unrefTimer(this.#flushes);
  }

  /** About how many bytes were appended so far. */
  get written(): number {
    return this.#total;
  }

  /** Where the next records go; a file that is full is followed by another one. */
  findPlace(): ArchivePlace {
    if (this.#fileLength >= this.#options.sizeBytes) this.#beginFile();
    return { serial: this.#serial, offset: this.#fileLength };
  }

  /**
   * Adds records, at the place that {@linkcode findPlace} gives.
   *
   * @param isBorrowed whether their bytes are valid during the call only; false by default
   * @returns a promise if the caller has to wait before it adds more
   * @throws {OutputError} If they, or earlier ones, could not be written; or by the promise.
   */
  append({ bytes, parts }: PackedExchanges, isBorrowed = false): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.findPlace();
    if (parts.length > 0) this.#cut();
    let from = 0;
    for (const part of parts) {
      this.#add(bytes.subarray(from, part.at), isBorrowed);
      this.#cut();
      this.#pieces.push(part);
      this.#count(part.length);
      from = part.at;
    }
    this.#add(from === 0 ? bytes : bytes.subarray(from), isBorrowed);
    if (parts.length === 0 && this.#gathered.length + this.#piecesLength < BLOCK_BYTES) return;
    if (this.#writing === undefined) {
      this.#flush();
      if (parts.length === 0) return;
    }
    const written = this.#writeGathered();
    // A caller with several outputs does not wait for this one if another fails.
    written.catch(() => {});
    return written;
  }

  /** @param isBorrowed whether the bytes are changed later on */
  #add(bytes: Uint8Array<ArrayBuffer>, isBorrowed: boolean): void {
    if (isBorrowed || bytes.length < MIN_PIECE_BYTES) {
      this.#gathered.append(bytes);
    } else {
      this.#cut();
      this.#pieces.push(bytes);
      this.#piecesLength += bytes.length;
    }
    this.#count(bytes.length);
  }

  #count(bytes: number): void {
    this.#fileLength += bytes;
    this.#total += bytes;
  }

  /** Makes a piece of what has gathered. */
  #cut(): void {
    const { length } = this.#gathered;
    if (length === 0) return;
    this.#pieces.push(this.#gathered);
    this.#piecesLength += length;
    this.#gathered = this.#buffers.take();
  }

  #beginFile(): void {
    this.#cut();
    this.#pieces.push("next file");
    this.#serial++;
    this.#fileLength = 0;
    this.#addInfo();
  }

  #addInfo(): void {
    const { path, software, command } = this.#options;
    const filename = basename(toSerialPath(path, this.#serial));
    const { head, block } = formatWarcInfo({ filename, software, command, at: Date.now() });
    const packed = new ByteBuffer();
    this.#packer.pack(head, block, packed);
    this.#add(packed.view(), true);
  }

  #flush(): void {
    if (this.#writing === undefined) this.#writeGathered().catch(() => {});
  }

  /** Writes what has gathered, behind what is being written. @throws {OutputError} */
  async #writeGathered(): Promise<void> {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#piecesLength = 0;
    const before = this.#writing;
    const write = async (): Promise<void> => {
      await before;
      if (this.#failure === undefined && pieces.length > 0) await this.#write(pieces);
    };
    const writing = write();
    this.#writing = writing;
    await writing;
    if (this.#writing === writing) this.#writing = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes whole records. Never rejects. */
  async #write(pieces: readonly Piece[]): Promise<void> {
    let { serial, fileLength } = this.#written;
    try {
      for (const [k, piece] of pieces.entries()) {
        if (piece === "next file") {
          await this.#openNext(++serial);
          fileLength = 0;
        } else {
          if (isPart(piece)) await this.#copy(piece);
          else await writeAll(this.#file, piece instanceof ByteBuffer ? piece.view() : piece);
          fileLength += piece.length;
        }
        // A part on the disk stands in the midst of a record; all other pieces end with a whole one.
        if (!isPart(piece) && !isPart(pieces[k + 1])) this.#written = { serial, fileLength };
        if (piece instanceof ByteBuffer) this.#buffers.give(piece);
      }
    } catch (error) {
      this.#failure = this.#toFailure(error);
      // Half a record is worse than no record.
      await this.#file.truncate(this.#written.fileLength).catch(() => {});
    }
  }

  async #openNext(serial: number): Promise<void> {
    if (this.#options.isSynced) await this.#file.syncData();
    const path = toSerialPath(this.#options.path, serial);
    const options = { write: true, createNew: true, mode: OWNER_ONLY };
    const next = this.#spare.use(() => openNew(path, options));
    if (this.#file !== this.#first) this.#file.close();
    this.#spare.refill();
    this.#file = next;
    this.#written = { serial, fileLength: 0 };
    // The journal's folder can be another one.
    if (this.#options.isSynced) await syncFolder(dirname(path), this.#spare);
  }

  async #copy({ path, length }: SpooledPart): Promise<void> {
    const from = this.#spare.use(() => Deno.openSync(path));
    try {
      const buffer = this.#copyBuffer ??= new Uint8Array(COPY_BYTES);
      let copied = 0;
      for (let read; (read = await from.read(buffer)) !== null; copied += read) {
        await writeAll(this.#file, buffer.subarray(0, read));
      }
      if (copied !== length) throw new Error(`'${path}' is not as long as it was`);
    } finally {
      from.close();
      this.#spare.refill();
    }
    if (this.#copied === undefined) await Deno.remove(path);
    else this.#copied.push(path);
  }

  /** Keeps parts that were copied until {@linkcode confirm}. */
  keepParts(): void {
    this.#copied = [];
  }

  /** Removes the parts that were copied before the last {@linkcode sync}, which a journal has. */
  confirm(): void {
    for (const path of this.#synced) removeFile(path);
    this.#synced = [];
  }

  /** Removes the parts of earlier runs. Call it before the first request. */
  removeParts(): void {
    removeSpoolFiles(this.#options.path);
    this.#synced = [];
  }

  #toFailure(error: unknown): OutputError {
    return new OutputError(
      `Cannot write '--save-bodies ${this.#options.path}': ${describeWriteError(error)}`,
    );
  }

  /**
   * Brings all records so far to the disk; those that come in the meantime are not among them.
   *
   * @returns the position behind them
   * @throws {OutputError} If they could not be written, now or before.
   */
  async sync(): Promise<Position> {
    const position = this.#total;
    await this.#writeGathered();
    // Later ones are not copied yet.
    if (this.#copied !== undefined) this.#synced.push(...this.#copied.splice(0));
    try {
      if (this.#options.isSynced) await this.#file.syncData();
    } catch (error) {
      // The system tells it once; a later call would succeed.
      throw this.#failure = this.#toFailure(error);
    }
    return position;
  }

  /**
   * Removes what is behind a position, and continues there; from 0 it starts over. It is called
   * once, before the first record.
   *
   * @throws {UsageError} If that is not possible, or the files do not have so many bytes.
   */
  async cutTo(position: Position): Promise<void> {
    const { path } = this.#options;
    try {
      const files = await measureFiles(path);
      let before = 0;
      let serial = 0;
      while (files[serial + 1]?.serial === serial + 1 && before + files[serial].size < position) {
        before += files[serial++].size;
      }
      const fileLength = position - before;
      if (files[serial].size < fileLength) {
        refuse(path, "it has less than its journal says: use --overwrite to start over");
      }
      for (const behind of files.slice(serial + 1).reverse()) {
        await Deno.remove(toSerialPath(path, behind.serial));
      }
      if (serial > 0) this.#file = await Deno.open(toSerialPath(path, serial), { write: true });
      await this.#file.truncate(fileLength);
      await this.#file.seek(fileLength, Deno.SeekMode.Start);
      if (Deno.build.os !== "windows") await Deno.chmod(toSerialPath(path, serial), OWNER_ONLY);
      this.#serial = serial;
      this.#fileLength = fileLength;
      this.#total = position;
      this.#written = { serial, fileLength };
    } catch (error) {
      if (error instanceof UsageError) throw error;
      refuse(path, describeWriteError(error));
    }
    if (position > 0) return;
    this.#addInfo();
    await this.#writeGathered();
  }

  /** Lets go of the file where the run cannot begin; a file that was made is removed. */
  abandon(): void {
    this.#release();
    if (this.#isNew) Deno.removeSync(this.#options.path);
  }

  /**
   * Writes what is left, and closes the file.
   *
   * @param keepsParts whether a log that a later run reads names parts
   * @throws {OutputError} If something could not be written, now or before.
   */
  async close(keepsParts = false): Promise<void> {
    try {
      await this.#writeGathered();
    } finally {
      this.#release();
      if (!keepsParts) removeSpoolFiles(this.#options.path);
    }
  }

  #release(): void {
    clearInterval(this.#flushes);
    this.#spare.close();
    this.#packer.close();
    if (this.#file !== this.#first) this.#file.close();
    this.#first.close();
  }
}

/** @throws {Error} If a file is there, or it cannot be made. */
function openNew(path: string, options: Deno.OpenOptions): Deno.FsFile {
  try {
    return Deno.openSync(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Error(`'${path}' is there already: move it away`);
  }
}

/** A file of a series. */
export interface SeriesFile {
  readonly serial: number;
  /** In bytes. */
  readonly size: number;
}

/** The files of a series that are there, in their order; also those behind a gap. */
export async function measureFiles(path: string): Promise<readonly SeriesFile[]> {
  const files: SeriesFile[] = [];
  for (const serial of listSerials(path)) {
    const { size } = await Deno.lstat(toSerialPath(path, serial));
    files.push({ serial, size });
  }
  return files;
}

function refuse(path: string, why: string): never {
  throw new UsageError(`Cannot write '--save-bodies ${path}': ${why}`);
}
