/**
 * The bytes of an input, from a file or standard input, decompressed on the way.
 *
 * @module
 */
import { UsageError } from "../flags.ts";

/** An input could not be read to its end. */
export class InputError extends Error {
  override name = "InputError";
}

/**
 * Octets of one read. A line is a slice of the block it came in, and keeps it in memory while it is
 * in flight: so a block is no larger than makes reading cheap.
 */
const BLOCK_BYTES = 16 * 1024;
/** RFC 1952 §2.3.1. */
const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * An input, read as it is asked for. What begins as gzip does is decompressed, whatever its name,
 * standard input too; no URL, JSON or CSV begins so.
 */
export class Input {
  readonly #path: string;
  readonly #file: Deno.FsFile | typeof Deno.stdin;
  /** The file's size in octets; undefined where it is no regular file. */
  readonly #size: number | undefined;
  #read = 0;
  #isClosed = false;
  #gunzipped: AsyncIterator<Uint8Array> | undefined;
  #isStarted = false;
  readonly #buffer = new Uint8Array(BLOCK_BYTES);

  /** @throws {UsageError} If the file cannot be read. */
  static async open(path: string): Promise<Input> {
    if (path === "-") return new Input(path, Deno.stdin, undefined);
    const fail = (why: string): never => {
      throw new UsageError(`Cannot read '--input ${path}': ${why}`);
    };
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
      fail(`no permission: run with --allow-read=${path}`);
    }
    let file;
    try {
      file = await Deno.open(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) fail("no such file: name one that is there");
      if (error instanceof Deno.errors.PermissionDenied) {
        fail("permission denied: make it readable");
      }
      return fail(reason(error));
    }
    const { isDirectory, isFile, size } = await file.stat();
    if (isDirectory) {
      file.close();
      fail("it is a folder: name a file");
    }
    return new Input(path, file, isFile && size > 0 ? size : undefined);
  }

  private constructor(
    path: string,
    file: Deno.FsFile | typeof Deno.stdin,
    size: number | undefined,
  ) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  /** The share that was read, 0 to 1; undefined where the size is unknown. */
  progress(): number | undefined {
    return this.#size === undefined ? undefined : Math.min(1, this.#read / this.#size);
  }

  /**
   * The next block, valid until the next call; undefined at the end.
   *
   * @throws {InputError} If it breaks off.
   */
  async read(): Promise<Uint8Array | undefined> {
    try {
      if (!this.#isStarted) {
        this.#isStarted = true;
        const start = await this.#readStart();
        if (GZIP_MAGIC.every((octet, k) => start[k] === octet)) {
          this.#gunzipped = await gunzip(this.#blocks(start));
        } else return start.length === 0 ? undefined : start;
      }
      if (this.#gunzipped === undefined) return await this.#readFile();
      const { value, done } = await this.#gunzipped.next();
      return done ? undefined : value;
    } catch (error) {
      if (this.#isClosed) return undefined;
      throw new InputError(`Cannot read '--input ${this.#path}' to its end: ${reason(error)}`);
    }
  }

  async #readFile(): Promise<Uint8Array | undefined> {
    const length = this.#isClosed ? null : await this.#file.read(this.#buffer);
    if (length === null) return undefined;
    this.#read += length;
    return this.#buffer.subarray(0, length);
  }

  /** The first block, of at least two octets if there are as many. */
  async #readStart(): Promise<Uint8Array> {
    let start = new Uint8Array();
    while (start.length < GZIP_MAGIC.length) {
      const block = await this.#readFile();
      if (block === undefined) break;
      start = new Uint8Array([...start, ...block]);
    }
    return start;
  }

  async *#blocks(start: Uint8Array): AsyncGenerator<Uint8Array> {
    yield start;
    for (let block = await this.#readFile(); block !== undefined; block = await this.#readFile()) {
      // The decompressor may hold on to it while the next one is read.
      yield block.slice();
    }
  }

  /** Closes the file, also while a block is being read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#file !== Deno.stdin) this.#file.close();
  }
}

/**
 * Decompresses. By `node:zlib`, since `DecompressionStream` refuses a file of several gzip
 * members, which RFC 1952 §2.2 allows and log rotation makes; loaded only where it is needed.
 */
async function gunzip(blocks: AsyncIterable<Uint8Array>): Promise<AsyncIterator<Uint8Array>> {
  const [{ createGunzip }, { Readable, pipeline }] = await Promise.all([
    import("node:zlib"),
    import("node:stream"),
  ]);
  const output = createGunzip({ chunkSize: BLOCK_BYTES });
  // Its error is that of the iterator, too.
  pipeline(Readable.from(blocks, { objectMode: false }), output, () => {});
  return output[Symbol.asyncIterator]();
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/, "");
}
