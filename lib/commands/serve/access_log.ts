import { OutputError, UsageError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";

/** What the log tells of a request besides its answer. */
export interface Arrival {
  readonly n: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The same moment by the clock that is never set. */
  readonly start: number;
  readonly method: string;
  readonly path: string;
}

/**
 * An access log: lines gather to blocks, which are written one at a time. While one is being
 * written the next one gathers, and when that is full too the answers wait. So at most two blocks
 * and a line for each waiting answer are held, however slow the disk is.
 */
export class AccessLog {
  /** Characters of one write. */
  static readonly #BLOCK = 64 * 1024;
  /** How long a line waits for others at most. */
  static readonly #FLUSH_MS = 250;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #flushes: ReturnType<typeof setInterval>;
  readonly #broken = Promise.withResolvers<Error>();
  #isBroken = false;
  #lines = "";
  /** Bytes of whole lines that are in the file. */
  #length = 0;
  /** The write under way. Never rejects. */
  #writing: Promise<void> | undefined;

  /** @throws {UsageError} If the file cannot be written. */
  static async open(path: string): Promise<AccessLog> {
    if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
      throw new UsageError(
        `Cannot write '--access-log ${path}': no permission: run with --allow-write=${path}`,
      );
    }
    try {
      const file = await Deno.open(path, { write: true, create: true, truncate: true });
      return new AccessLog(path, file);
    } catch (error) {
      throw new UsageError(
        `Cannot write '--access-log ${path}': ${describeWriteError(error)}`,
      );
    }
  }

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
    this.#flushes = setInterval(() => this.#flush(), AccessLog.#FLUSH_MS);
  }

  /** Fulfils, with what to tell the user, when lines could not be written. */
  get broken(): Promise<Error> {
    return this.#broken.promise;
  }

  /** @returns a promise to wait for before the answer, if the disk is slower than the answers */
  add(
    { n, at, start, method, path }: Arrival,
    status: number,
    delayMs: number,
  ): Promise<void> | undefined {
    if (this.#isBroken) return undefined;
    const ms = (performance.now() - start).toFixed(3);
    // Nothing in a method, a token of RFC 9110 §5.6.2, needs an escape.
    this.#lines += `{"n":${n},"at":"${new Date(at).toISOString()}","method":"${method}","path":${
      JSON.stringify(path)
    },"status":${status},"delay_ms":${delayMs},"ms":${ms}}\n`;
    if (this.#lines.length < AccessLog.#BLOCK) return undefined;
    if (this.#writing !== undefined) return this.#writing;
    this.#flush();
  }

  #flush(): void {
    if (this.#lines === "" || this.#writing !== undefined) return;
    const block = new TextEncoder().encode(this.#lines);
    this.#lines = "";
    this.#writing = this.#write(block).finally(() => {
      this.#writing = undefined;
      if (this.#lines.length >= AccessLog.#BLOCK) this.#flush();
    });
  }

  async #write(block: Uint8Array): Promise<void> {
    if (this.#isBroken) return;
    try {
      for (let k = 0; k < block.length;) k += await this.#file.write(block.subarray(k));
      this.#length += block.length;
    } catch (error) {
      this.#isBroken = true;
      // Whole lines only. A device or a pipe cannot be cut.
      await this.#file.truncate(this.#length).catch(() => {});
      this.#broken.resolve(
        new OutputError(`Cannot write '--access-log ${this.#path}': ${describeWriteError(error)}`),
      );
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#flushes);
    while (this.#lines !== "" || this.#writing !== undefined) {
      this.#flush();
      await this.#writing;
    }
    this.#file.close();
  }
}
