/**
 * Lines of text into a file or standard output, in large writes.
 *
 * @module
 */
import { ClosedPipe, OutputError, UsageError } from "../errors.ts";
import { openFreshFile } from "../process/fresh_file.ts";
import { describeWriteError, isDiskFault } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import type { MaybePromise } from "../stream.ts";
import { formatAllow } from "../text/format_allow.ts";
import type { EncodedRecords } from "./record_encoder.ts";

/** Where lines go: a file, or standard output. */
export interface LineFile {
  write(block: Uint8Array): Promise<number>;
  /** Goes to a place in the file; absent for a pipe. */
  seek?(offset: number, whence: Deno.SeekMode): Promise<number>;
  /** Cuts the file back; absent for a pipe. */
  truncate?(length: number): Promise<void>;
  /** Waits until what was written is on the disk; absent for a pipe. */
  syncData?(): Promise<void>;
  close(): void;
}

/** How many characters one write has; encoded lines are written as they come. */
const BLOCK = 64 * 1024;
/** With gzip each write is a member of its own, and larger ones compress better. */
const GZIP_BLOCK = 256 * 1024;
/** How long a line waits for others. A gzip member of few lines wastes room. */
const FLUSH_MS = 200;
const GZIP_FLUSH_MS = 5_000;

/** Options for {@linkcode openLineWriter}. */
export interface LineWriterOptions {
  /** The flag that names the file, for messages, such as `--output`. */
  flag: string;
  /** @default {false} */
  gzip?: boolean;
  /** The permissions of the file, if it is made. */
  mode?: number | undefined;
  /** Whether what is there is replaced, as the user did not choose the name. @default {false} */
  isFresh?: boolean;
}

/** Standard output, which is not closed with what writes to it. */
export const STDOUT: LineFile = {
  write: (block) => Deno.stdout.write(block),
  close: () => {},
};

/**
 * Opens a file to write lines, emptying it, or standard output for `-`.
 *
 * @throws {UsageError} If it cannot be written.
 */
export async function openLineWriter(
  path: string,
  options: LineWriterOptions,
): Promise<LineWriter> {
  const file = path === "-" ? STDOUT : (await openFile(path, options)).file;
  const writer = new LineWriter(file, `${options.flag} ${path}`, options.gzip);
  try {
    await writer.cutTo(0);
  } catch (error) {
    await writer.close();
    throw error;
  }
  return writer;
}

/**
 * Opens a file to write, and keeps what is in it; a file that is missing is made.
 *
 * @throws {UsageError} If it cannot be written.
 */
export async function openFile(
  path: string,
  { flag, mode, isFresh }: Pick<LineWriterOptions, "flag" | "mode" | "isFresh">,
): Promise<{ file: Deno.FsFile; isNew: boolean }> {
  if (!isGranted({ name: "write", path })) {
    throw new UsageError(
      `Cannot write '${flag} ${path}': no permission: run with ${formatAllow("write", path)}`,
    );
  }
  try {
    if (isFresh) return { file: openFreshFile(path, { mode }), isNew: true };
    const file = await Deno.open(path, { write: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (file !== undefined) return { file, isNew: false };
    return { file: await Deno.open(path, { write: true, create: true, mode }), isNew: true };
  } catch (error) {
    throw new UsageError(`Cannot write '${flag} ${path}': ${describeWriteError(error)}`);
  }
}

/**
 * The size of a file in bytes; undefined for a pipe or a device, which cannot be cut. This needs the
 * permission to write only.
 *
 * @throws {Error} If the disk is at fault.
 */
export async function measureSize(file: LineFile): Promise<number | undefined> {
  try {
    const size = await file.seek?.(0, Deno.SeekMode.End);
    if (size !== undefined) await file.truncate?.(size);
    return size;
  } catch (error) {
    if (isDiskFault(error)) throw error;
    return undefined;
  }
}

/** A file for which nobody waits until what was written is on the disk. */
export function withoutSync(file: LineFile): LineFile {
  return {
    write: (block) => file.write(block),
    seek: file.seek && ((offset, whence) => file.seek!(offset, whence)),
    truncate: file.truncate && ((length) => file.truncate!(length)),
    close: () => file.close(),
  };
}

/** Cuts a file back, and goes to its end; a pipe or a device is left alone. */
export async function truncateTo(file: LineFile, length: number): Promise<void> {
  if (await measureSize(file) === undefined) return;
  await file.truncate?.(length);
  await file.seek?.(length, Deno.SeekMode.Start);
}

/**
 * Gathers lines and writes them in blocks, one write at a time. While a block is being written
 * the next one gathers; when that is full too, {@linkcode LineWriter.write} returns a promise. So at
 * most two blocks are in memory, however slow the disk is; with encoded lines, two blocks and what
 * {@linkcode LineWriter.writeEncoded} has asked its callers to wait for.
 */
export class LineWriter {
  readonly #file: LineFile;
  readonly #name: string;
  readonly #gzip: boolean;
  readonly #blockLength: number;
  readonly #flushes: ReturnType<typeof setInterval>;
  /** Whole lines; longer than a block by one line at most. */
  #lines = "";
  /** Encoded lines before them, and gzip members; together a block, and what callers wait for. */
  #encoded: Uint8Array<ArrayBuffer>[] = [];
  #members: Uint8Array<ArrayBuffer>[] = [];
  /** The length of both in bytes. */
  #encodedLength = 0;
  /** Copied lines behind the encoded ones: the buffer and how much of it is in use. */
  #copies: Uint8Array<ArrayBuffer> | undefined;
  #copiesLength = 0;
  /** The write under way. Never rejects: its failure is `#failure`. */
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  readonly #failed = Promise.withResolvers<Error>();
  /** Bytes of whole lines that are in the file. */
  #length = 0;

  /** @param name the flag and its value, for messages */
  constructor(file: LineFile, name: string, gzip = false) {
    this.#file = file;
    this.#name = name;
    this.#gzip = gzip;
    this.#blockLength = gzip ? GZIP_BLOCK : BLOCK;
    this.#flushes = setInterval(
      () => this.#flush(),
      gzip ? GZIP_FLUSH_MS : FLUSH_MS,
    );
    this.#flushes.unref();
  }

  /**
   * Adds lines, each with its newline.
   *
   * @returns a promise if the caller has to wait before it adds more
   * @throws {OutputError} If they, or earlier ones, could not be written; or by the promise.
   * @throws {ClosedPipe} If nobody reads standard output any more; or by the promise.
   */
  write(lines: string): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#lines += lines;
    if (this.#lines.length < this.#blockLength) return;
    if (this.#writing !== undefined) return toQuiet(this.#flushNext());
    this.#flush();
  }

  /**
   * Adds lines that are encoded, and copies them; otherwise like {@linkcode write}.
   *
   * @returns a promise if the caller has to wait before it adds more
   */
  writeCopy(lines: Uint8Array): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#encodeLines();
    if (this.#copies !== undefined && this.#copiesLength + lines.length > this.#copies.length) {
      this.#cutCopies();
    }
    this.#copies ??= new Uint8Array(Math.max(2 * this.#blockLength, lines.length));
    this.#copies.set(lines, this.#copiesLength);
    this.#copiesLength += lines.length;
    this.#encodedLength += lines.length;
    if (this.#encodedLength < this.#blockLength) return;
    if (this.#writing !== undefined) return toQuiet(this.#flushNext());
    this.#flush();
  }

  /** Puts copied lines behind the encoded ones. */
  #cutCopies(): void {
    if (this.#copies === undefined) return;
    this.#encoded.push(this.#copies.subarray(0, this.#copiesLength));
    this.#copies = undefined;
    this.#copiesLength = 0;
  }

  async #flushNext(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    this.#flush();
  }

  /**
   * Adds lines that are encoded, or a gzip member of them; otherwise like {@linkcode write}. They are
   * not copied, and empty once they are written. Gzip members come behind other lines of the same
   * moment.
   *
   * @returns a promise if the caller has to wait: it settles once these lines are in the file
   */
  writeEncoded({ bytes, isPacked }: EncodedRecords): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#cutCopies();
    this.#encodeLines();
    (isPacked ? this.#members : this.#encoded).push(bytes);
    this.#encodedLength += bytes.length;
    if (this.#encodedLength < this.#blockLength) return;
    if (this.#writing !== undefined) return toQuiet(this.#writeNext());
    this.#flush();
  }

  async #writeNext(): Promise<void> {
    await this.#flushNext();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #encodeLines(): void {
    if (this.#lines === "") return;
    const bytes = encoder.encode(this.#lines);
    this.#lines = "";
    this.#cutCopies();
    this.#encoded.push(bytes);
    this.#encodedLength += bytes.length;
  }

  /** Starts to write what has gathered, unless something is being written. */
  #flush(): void {
    if (this.#lines === "" && this.#encodedLength === 0) return;
    if (this.#writing !== undefined || this.#failure !== undefined) return;
    void this.#writeGathered();
  }

  /**
   * Writes what has gathered, behind what is being written.
   *
   * @returns the length of the file then, in bytes
   */
  #writeGathered(): Promise<number> {
    this.#cutCopies();
    this.#encodeLines();
    const encoded = this.#encoded;
    const members = this.#members;
    this.#encoded = [];
    this.#members = [];
    this.#encodedLength = 0;
    const before = this.#writing;
    const write = async (): Promise<number> => {
      if (before !== undefined) await before;
      if (this.#failure !== undefined) return this.#length;
      const lines = this.#gzip && encoded.length > 0 ? [await compress(encoded)] : encoded;
      for (const block of lines) await this.#writeBlock(block);
      for (const member of members) await this.#writeBlock(member);
      return this.#length;
    };
    const written = write();
    const writing: Promise<void> = written.then(() => {
      if (this.#writing === writing) this.#writing = undefined;
    });
    this.#writing = writing;
    return written;
  }

  /** Writes whole lines, or a gzip member, unless something has failed before. */
  async #writeBlock(block: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#failure !== undefined) return;
    let written = 0;
    try {
      while (written < block.length) written += await this.#file.write(block.subarray(written));
      this.#length += block.length;
      // Frees it now: garbage outside of the heap makes V8 collect more often.
      block.buffer.transfer(0);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return this.#fail(new ClosedPipe());
      this.#fail(this.#toFailure(error));
      // Half a line is worse than no line.
      const whole = this.#gzip ? 0 : block.subarray(0, written).lastIndexOf(NEWLINE) + 1;
      this.#length += whole;
      await this.#file.truncate?.(this.#length).catch(() => {});
    }
  }

  #toFailure(error: unknown): OutputError {
    return new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#failed.resolve(error);
  }

  /** Fulfils with the error as soon as lines cannot be written. Never rejects. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Bytes of whole lines that are in the file. */
  get length(): number {
    return this.#length;
  }

  /**
   * Whether the file has so many bytes; what cannot be measured is taken to have them.
   *
   * @throws {UsageError} If the disk is at fault.
   */
  async reaches(length: number): Promise<boolean> {
    try {
      return (await measureSize(this.#file) ?? length) >= length;
    } catch (error) {
      throw new UsageError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
    }
  }

  /**
   * Cuts the file back, and writes behind what is left. Nothing was written before.
   *
   * @throws {UsageError} If that is not possible.
   */
  async cutTo(length: number): Promise<void> {
    try {
      await truncateTo(this.#file, length);
    } catch (error) {
      throw new UsageError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
    }
    this.#length = length;
  }

  /**
   * Brings all lines so far to the disk; those that come in the meantime are not among them.
   *
   * @returns the length of the file with them, in bytes
   * @throws {OutputError} If they could not be written, now or before.
   */
  async sync(): Promise<number> {
    const length = await this.#writeGathered();
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#file.syncData?.();
    } catch (error) {
      // The system tells it once; a later call would succeed.
      const failure = this.#toFailure(error);
      this.#fail(failure);
      throw failure;
    }
    return length;
  }

  /**
   * Writes what is left, and closes the file.
   *
   * @throws {OutputError} If something could not be written, now or before.
   * @throws {ClosedPipe} If nobody reads standard output any more.
   */
  async close(): Promise<void> {
    clearInterval(this.#flushes);
    while (this.#writing !== undefined) await this.#writing;
    this.#flush();
    await this.#writing;
    this.#file.close();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const NEWLINE = 0x0a;
const encoder = new TextEncoder();

/** A promise that may fail unseen: a caller with two outputs does not wait for one if the other fails. */
function toQuiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

/** One whole gzip member (RFC 1952 §2.2): a file of several is one, too. */
function compress(blocks: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Response(new Blob(blocks).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}
