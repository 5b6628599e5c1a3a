/**
 * The bytes of an input, from a file, standard input or a URL, decompressed on the way.
 *
 * @module
 */
import { joinBytes } from "../byte_buffer.ts";
import { InputError, UsageError } from "../errors.ts";
import { describeOsError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";
import { findCompression } from "../unpack/compressions.ts";
import { UnpackError } from "../unpack/unpack_error.ts";
import { Unpacker } from "../unpack/unpacker.ts";
import { nameInputs } from "./input_names.ts";
import { isUtf16 } from "./utf16.ts";

const BLOCK_BYTES = 64 * 1024;
/** So many bytes tell the byte order of UTF-16. */
const MIN_START_BYTES = 2;

type Block = Uint8Array<ArrayBuffer>;

/** Where bytes come from. */
export interface ByteFile {
  /** Reads as many bytes as there are, at least one; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  close(): void;
}

/** What is known of where bytes come from. */
interface FileKind extends Pick<Deno.FileInfo, "isFile" | "size"> {
  /** Whether it is fetched. @default {false} */
  readonly isRemote?: boolean;
}

const REMOTE: FileKind = { isFile: false, size: 0, isRemote: true };

/** Standard input, which stays open: this process has one. */
const STDIN: ByteFile = { read: (into) => Deno.stdin.read(into), close: () => {} };

/**
 * An input that is read on demand. Data that begins as that of a compression does is decompressed,
 * whatever its name, also from standard input; no URL, JSON or CSV begins so.
 */
export class Input {
  /** Its path; `-` for standard input. */
  readonly path: string;
  /** The argument that names the input, for messages. */
  readonly #name: string;
  readonly #file: ByteFile;
  /** Whether it can be opened and read again. */
  readonly isRepeatable: boolean;
  readonly #isFile: boolean;
  /** The file's size in bytes; undefined where it is not a regular file. */
  readonly size: number | undefined;
  #read = 0;
  /** Bytes of the content that were given. */
  #given = 0;
  #isStarted = false;
  /** Whether it is compressed, or in UTF-16. */
  #isCoded = false;
  #isClosed = false;
  #unpacker: Unpacker | undefined;
  readonly #buffer = new Uint8Array(BLOCK_BYTES);
  /** Settles the one `read()` that waits, if there is one. */
  #settle: ((block: undefined) => void) | undefined;

  /**
   * @param name the argument that names the input, for messages
   * @throws {UsageError} If the file cannot be read.
   */
  static async open(path: string, name: string = nameInputs([{ path }])): Promise<Input> {
    if (path === "-") return new Input(path, name, STDIN);
    const fail = (why: string): never => {
      throw new UsageError(`Cannot read '${name}': ${why}`);
    };
    // Asked first, since opening would ask the user.
    if (!isGranted({ name: "read", path })) {
      fail(`no permission: run with ${formatAllow("read", path)}`);
    }
    let file;
    try {
      file = await Deno.open(path);
      const stat = await file.stat();
      if (!stat.isDirectory) return new Input(path, name, file, stat);
    } catch (error) {
      file?.close();
      if (error instanceof Deno.errors.NotFound) fail("no such file");
      if (error instanceof Deno.errors.PermissionDenied) {
        fail("permission denied: make it readable");
      }
      return fail(`${describeOsError(error)}: use a file that can be read`);
    }
    file.close();
    return fail("it is a folder: use a file");
  }

  /** An input that is fetched, and can be fetched again. @param name the argument that names it */
  static ofRemote(path: string, name: string, file: ByteFile): Input {
    return new Input(path, name, file, REMOTE);
  }

  private constructor(
    path: string,
    name: string,
    file: ByteFile,
    { isFile, size, isRemote }: FileKind = { isFile: false, size: 0 },
  ) {
    this.path = path;
    this.#name = name;
    this.#file = file;
    this.isRepeatable = isFile || isRemote === true;
    this.#isFile = isFile;
    this.size = isFile && size > 0 ? size : undefined;
  }

  /**
   * Whether reading can begin at any byte of the file, and gives the same bytes there. Only after the
   * first {@linkcode read}.
   */
  get isSeekable(): boolean {
    return this.#isFile && !this.#isCoded;
  }

  /**
   * The share that was read, 0 to 1; undefined where the size is unknown. For compressed data it is about that:
   * a share of the content counts as the same share of the file.
   *
   * @param unread how many of the bytes from {@linkcode read} are still to be read; @default 0
   */
  progress(unread = 0): number | undefined {
    if (this.size === undefined) return undefined;
    const taken = this.#given === 0 ? 0 : 1 - unread / this.#given;
    return Math.min(1, this.#read / this.size * taken);
  }

  /**
   * The next block, valid until the next call; undefined at the end, and once it is closed. Only
   * one call may be outstanding.
   *
   * @throws {InputError} If it breaks off.
   */
  read(): Promise<Block | undefined> {
    // A read of a pipe that nobody writes to cannot be ended: `close()` settles the promise.
    const { promise, resolve, reject } = Promise.withResolvers<Block | undefined>();
    this.#settle = resolve;
    this.#readBlock().then((block) => {
      this.#given += block?.length ?? 0;
      resolve(block);
    }, (error) => {
      if (this.#isClosed) return resolve(undefined);
      const start = `Cannot read '${this.#name}' to its end:`;
      reject(
        error instanceof UnpackError
          ? new InputError(`${start} ${error.message}`, error.isDataWhole)
          : new InputError(
            `${start} the input broke off (${describeOsError(error)}): make it whole`,
          ),
      );
    });
    return promise;
  }

  async #readBlock(): Promise<Block | undefined> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      const start = await this.#readStart();
      const compression = findCompression(start);
      this.#isCoded = (compression ?? "more") !== "more" || isUtf16(start);
      if (compression === undefined || compression === "more") {
        return start.length === 0 ? undefined : start;
      }
      let first: Block | undefined = start;
      this.#unpacker = await Unpacker.open(compression, async () => {
        const block = first ?? await this.#readFile();
        first = undefined;
        return block;
      });
      // It may have been closed in the meantime.
      if (this.#isClosed) this.#unpacker.close();
    }
    // Everything of a block is used before the next one is read into the same buffer.
    return await (this.#unpacker === undefined ? this.#readFile() : this.#unpacker.read()) as
      | Block
      | undefined;
  }

  async #readFile(): Promise<Block | undefined> {
    const length = this.#isClosed ? null : await this.#file.read(this.#buffer);
    if (length === null) return undefined;
    this.#read += length;
    return this.#buffer.subarray(0, length);
  }

  /** The first block, of as many bytes as it takes to tell a compression. */
  async #readStart(): Promise<Block> {
    let start = new Uint8Array();
    while (start.length < MIN_START_BYTES || findCompression(start) === "more") {
      const block = await this.#readFile();
      if (block === undefined) break;
      start = joinBytes(start, block);
    }
    return start;
  }

  /** Closes the file, also while a block is being read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unpacker?.close();
    this.#file.close();
    this.#settle?.(undefined);
  }
}
