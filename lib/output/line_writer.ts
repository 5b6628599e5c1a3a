/**
 * Lines of text into a file or standard output, in large writes.
 *
 * @module
 */
import { ClosedPipe, OutputError, UsageError } from "../errors.ts";
import { describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import type { MaybePromise } from "../stream.ts";

/** Where blocks go; a file, or standard output. */
export interface LineFile {
  write(block: Uint8Array): Promise<number>;
  /** Cuts the file back; absent where it cannot be, as in a pipe. */
  truncate?(length: number): Promise<void>;
  /** Waits until what was written is on the disk; absent where there is none. */
  syncData?(): Promise<void>;
  close(): void;
}

/** Characters of one write. */
const BLOCK = 64 * 1024;
/** Compressed, each write is a gzip member of its own, and larger ones compress better. */
const GZIP_BLOCK = 256 * 1024;
/** How long a line waits for others at most. A gzip member of few lines wastes room. */
const FLUSH_MS = 200;
const GZIP_FLUSH_MS = 5_000;

/** Options for {@linkcode openLineWriter}. */
export interface LineWriterOptions {
  /** The flag that names the file, for messages, such as `--output`. */
  flag: string;
  /** @default {false} */
  gzip?: boolean;
  /** The file's permissions where it is made anew. */
  mode?: number;
}

/**
 * Opens a file, emptying it, or standard output for `-`.
 *
 * @throws {UsageError} If it cannot be written.
 */
export async function openLineWriter(
  path: string,
  options: LineWriterOptions,
): Promise<LineWriter> {
  const name = `${options.flag} ${path}`;
  if (path === "-") {
    // Standard output is not ours to close.
    const stdout = { write: (block: Uint8Array) => Deno.stdout.write(block), close: () => {} };
    return new LineWriter(stdout, name, options.gzip);
  }
  const { file } = await openFile(path, options);
  try {
    await truncateTo(file, 0);
  } catch (error) {
    file.close();
    throw new UsageError(`Cannot write '${name}': ${describeWriteError(error)}`);
  }
  return new LineWriter(file, name, options.gzip);
}

/**
 * Opens a file to write, and leaves what is in it; one that is not there is made.
 *
 * @throws {UsageError} If it cannot be written.
 */
export async function openFile(
  path: string,
  { flag, mode }: Pick<LineWriterOptions, "flag" | "mode">,
): Promise<{ file: Deno.FsFile; isNew: boolean }> {
  if (!isGranted({ name: "write", path })) {
    throw new UsageError(
      `Cannot write '${flag} ${path}': no permission: run with --allow-write=${path}`,
    );
  }
  try {
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
 * The size of a file in bytes; undefined for a pipe or a device, which cannot be cut. To ask for
 * it takes no permission but that to write.
 */
export async function measureSize(file: Deno.FsFile): Promise<number | undefined> {
  try {
    const size = await file.seek(0, Deno.SeekMode.End);
    await file.truncate(size);
    return size;
  } catch {
    return undefined;
  }
}

/** Cuts a file back, and goes on behind what is left; what cannot be cut is left as it is. */
export async function truncateTo(file: Deno.FsFile, length: number): Promise<void> {
  if (await measureSize(file) === undefined) return;
  await file.truncate(length);
  await file.seek(length, Deno.SeekMode.Start);
}

/**
 * Gathers lines and writes them in blocks, one write at a time. While a block is being written
 * the next one gathers; when that is full too, {@linkcode write} gives a promise to wait for. So
 * at most two blocks are held, however slow the disk is.
 */
export class LineWriter {
  readonly #file: LineFile;
  readonly #name: string;
  readonly #gzip: boolean;
  readonly #blockLength: number;
  readonly #flushes: ReturnType<typeof setInterval>;
  /** Whole lines; longer than a block by one line at most. */
  #lines = "";
  /** The write under way. Never rejects: its failure is `#failure`. */
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  readonly #failed = Promise.withResolvers<Error>();
  /** Bytes of whole lines that are in the file. */
  #length: number;

  /**
   * @param name the flag and its value, for messages
   * @param length bytes that the file holds already; it is written behind them
   */
  constructor(file: LineFile, name: string, gzip = false, length = 0) {
    this.#file = file;
    this.#length = length;
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
   * Takes lines, each with its newline.
   *
   * @returns a promise if the caller has to wait before it gives more
   * @throws {OutputError} If they, or earlier ones, could not be written; or by the promise.
   * @throws {ClosedPipe} If nobody reads standard output any more; or by the promise.
   */
  write(lines: string): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#lines += lines;
    if (this.#lines.length < this.#blockLength) return;
    if (this.#writing !== undefined) return this.#flushNext();
    this.#flush();
  }

  async #flushNext(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    this.#flush();
  }

  /** Starts to write what has gathered, unless something is being written. */
  #flush(): void {
    if (this.#lines === "" || this.#writing !== undefined || this.#failure !== undefined) return;
    void this.#writeGathered();
  }

  /**
   * Writes what has gathered as a block of its own, behind the one that is being written.
   *
   * @returns how long the file is with it
   */
  #writeGathered(): Promise<number> {
    const lines = this.#lines;
    this.#lines = "";
    const before = this.#writing;
    const write = async (): Promise<number> => {
      if (before !== undefined) await before;
      if (lines !== "" && this.#failure === undefined) await this.#writeBlock(lines);
      return this.#length;
    };
    const written = write();
    const writing: Promise<void> = written.then(() => {
      if (this.#writing === writing) this.#writing = undefined;
    });
    this.#writing = writing;
    return written;
  }

  async #writeBlock(lines: string): Promise<void> {
    const plain = encoder.encode(lines);
    let written = 0;
    let block = plain;
    try {
      if (this.#gzip) block = await compress(plain);
      while (written < block.length) written += await this.#file.write(block.subarray(written));
      this.#length += block.length;
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return this.#fail(new ClosedPipe());
      this.#fail(new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`));
      // A line that was cut off is worse than one that is missing.
      const whole = this.#gzip ? 0 : plain.subarray(0, written).lastIndexOf(NEWLINE) + 1;
      this.#length += whole;
      await this.#file.truncate?.(this.#length).catch(() => {});
    }
  }

  #fail(error: Error): void {
    this.#failure = error;
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
   * Brings all lines so far to the disk; those that come in the meantime are not among them.
   *
   * @returns how long the file is with them
   * @throws {OutputError} If they could not be written.
   */
  async sync(): Promise<number> {
    const length = await this.#writeGathered();
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#file.syncData?.();
    } catch (error) {
      throw new OutputError(`Cannot write '${this.#name}': ${describeWriteError(error)}`);
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

/** One whole gzip member (RFC 1952 §2.2): a file of several is one, too. */
function compress(block: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Response(new Blob([block]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
}
