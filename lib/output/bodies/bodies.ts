/**
 * Bodies in files of their own.
 *
 * @module
 */
import type { BodySink, ResponseHead } from "../../engine/engine.ts";
import { OutputError, UsageError } from "../../errors.ts";
import { lockFile } from "../../process/file_lock.ts";
import { openFreshFile } from "../../process/fresh_file.ts";
import { describeWriteError } from "../../process/os_error.ts";
import { isGranted } from "../../process/permission.ts";
import { ReservedDescriptors } from "../../process/reserved_descriptors.ts";
import type { Result } from "../../result.ts";
import type { Target } from "../../target.ts";
import { formatAllow } from "../../text/format_allow.ts";
import { formatCheck, type SavedBody } from "./body_checks.ts";
import { BodyFile } from "./body_file.ts";
import { BODIES_PER_FOLDER, BodyFolder } from "./body_folder.ts";

/**
 * The maximum number of folders whose names are remembered, by all threads of a run together; others
 * are looked at again.
 */
const MAX_FOLDERS = 64;
/**
 * The maximum number of content types whose ending is remembered, and the longest type that has an
 * ending.
 */
const MAX_TYPES = 1_000;
const MAX_TYPE = 256;

/** What may be in the folder already. */
export interface BodiesOptions {
  /** Whether a run is resumed, whose bodies are there. */
  readonly isResumed: boolean;
  /** Whether that run has results so far: what is missing is then lost. */
  readonly hasResults: boolean;
  /** Whether bodies that are there may be replaced. */
  readonly overwrite: boolean;
}

/** How bodies are written. */
export interface BodiesWriting {
  /** Whether each is on the disk before its record is logged. */
  readonly isSynced: boolean;
}

/** A folder that another thread has opened and keeps locked. */
export interface OpenFolder extends BodiesWriting {
  /** The run that writes it, as {@linkcode Bodies.run}. */
  readonly run: string;
  /** How many threads write into it. */
  readonly threads: number;
}

/**
 * A folder in which the body of request `i` is `i` with the ending of its type, in subfolders of
 * 1,000: `0/17.html`, `1234/1234567.json`. A number has one file at most, and a file that has its
 * name is whole.
 */
export class Bodies {
  /** Names the run among those that have written into the folder: digits of hexadecimal. */
  readonly run: string;
  readonly #path: string;
  readonly #extension: Extension;
  /** Keeps other runs away; undefined where a folder cannot be locked. */
  readonly #lock: Deno.FsFile | undefined;
  readonly #isNew: boolean;
  readonly #isSynced: boolean;
  readonly #maxFolders: number;
  readonly #spare: ReservedDescriptors;
  /** By type; at most `MAX_TYPES`. */
  readonly #endings = new Map<string, string>();
  /** The least recently used first; at most `#maxFolders`. */
  readonly #folders = new Map<number, BodyFolder>();
  /** Bodies that are complete, but not in a result yet; at most as many as requests in flight. */
  readonly #saved = new Map<number, SavedBody>();
  /** What those in results are checked by, until it is taken; undefined if nobody wants it. */
  #checks: string | undefined;
  /** Called with the name of each body whose result is complete, below the folder. */
  onKept: ((name: string) => void) | undefined;

  /**
   * Makes the folder, if it is missing, and checks that it can be written.
   *
   * @throws {UsageError} If it cannot be written, or holds bodies of another run.
   */
  static async open(
    path: string,
    { isResumed, hasResults, overwrite, isSynced }: BodiesOptions & BodiesWriting,
  ): Promise<Bodies> {
    const fail = (why: string): never => {
      throw new UsageError(`Cannot write '--save-bodies ${path}': ${why}`);
    };
    if (!isGranted({ name: "write", path }) || !isGranted({ name: "read", path })) {
      return fail(
        `no permission: run with ${formatAllow("write", path)} ${formatAllow("read", path)}`,
      );
    }
    const extension = await loadExtension();
    const isNew = !isThere(path);
    if (isNew && isResumed && hasResults) {
      fail("it is gone, and what it held: use --overwrite to start over");
    }
    let isMade = false;
    let lock;
    try {
      if (isNew) Deno.mkdirSync(path, { recursive: true });
      isMade = isNew;
      checkWritable(path);
      lock = openFolder(path);
      if (lock !== undefined && !await lockFile(lock)) {
        fail("another run writes it: wait for its end");
      }
      if (!isResumed && !overwrite && holdsBodies(path)) {
        fail("it holds bodies already: name another folder, or use --overwrite");
      }
    } catch (error) {
      lock?.close();
      if (isMade) Deno.removeSync(path);
      if (error instanceof UsageError) throw error;
      const isNone = error instanceof Deno.errors.NotADirectory ||
        error instanceof Deno.errors.AlreadyExists;
      fail(isNone ? "it is not a folder: use another" : describeWriteError(error));
    }
    const run = crypto.getRandomValues(new Uint8Array(4)).toHex();
    return new Bodies({ path, run, extension, lock, isNew, isSynced, maxFolders: MAX_FOLDERS });
  }

  /**
   * Loads what it takes to write into the folder, once another thread of the run has opened it. Later
   * the connections may have taken all descriptors, so that no code can be loaded.
   */
  static async loadJoin(): Promise<(path: string, folder: OpenFolder) => Bodies> {
    const extension = await loadExtension();
    return (path, { run, threads, isSynced }) => {
      const maxFolders = Math.ceil(MAX_FOLDERS / threads);
      const options = { path, run, extension, lock: undefined, isNew: false };
      return new Bodies({ ...options, isSynced, maxFolders });
    };
  }

  private constructor({ path, run, extension, lock, isNew, isSynced, maxFolders }: {
    path: string;
    run: string;
    extension: Extension;
    lock: Deno.FsFile | undefined;
    isNew: boolean;
    isSynced: boolean;
    maxFolders: number;
  }) {
    this.run = run;
    this.#path = path;
    this.#extension = extension;
    this.#lock = lock;
    this.#isNew = isNew;
    this.#isSynced = isSynced;
    this.#maxFolders = maxFolders;
    this.#spare = new ReservedDescriptors(path);
  }

  /** Takes the body of a response. Its methods throw {@linkcode OutputError}s. */
  bodyFor({ i }: Target, head: ResponseHead): BodySink {
    const ending = this.#findEnding(head.field("content-type"));
    const file = new BodyFile(i, this.#findFolder(i), this.#checks !== undefined);
    return {
      write: (bytes) => this.#try(() => file.write(bytes)),
      end: () =>
        this.#try(() => {
          file.end();
          // Others may have used the folder since, and it may have been forgotten and looked at anew.
          const put = this.#findFolder(i).put(i, ending);
          const name = `${Math.floor(i / BODIES_PER_FOLDER)}/${put}`;
          this.#saved.set(i, { name, length: file.length, crc: file.crc });
        }),
      discard: () => this.#try(() => file.discard()),
    };
  }

  /**
   * Adds to a result where its body is, below the folder. What there may be of a request that has
   * failed, from an earlier attempt, goes.
   *
   * @throws {OutputError} If that cannot be removed.
   */
  annotate(result: Result): Result {
    const { target: { i }, status } = result;
    const saved = this.#saved.get(i);
    this.#saved.delete(i);
    if (status !== null) {
      if (saved === undefined) return { ...result, bodyFile: null };
      if (this.#checks !== undefined) this.#checks += formatCheck(saved);
      this.onKept?.(saved.name);
      return { ...result, bodyFile: saved.name };
    }
    const number = Math.floor(i / BODIES_PER_FOLDER);
    this.#try(() => {
      if (isThere(`${this.#path}/${number}`)) this.#findFolder(i).remove(i);
    });
    return { ...result, bodyFile: null };
  }

  /** Keeps what bodies are checked by for {@linkcode takeChecks}. Call it before the first body. */
  keepChecks(): this {
    this.#checks = "";
    return this;
  }

  /** Takes what the bodies of the results since the last call are checked by, as lines. */
  takeChecks(): string {
    const checks = this.#checks ?? "";
    this.#checks = "";
    return checks;
  }

  /** Lets go of the folder. */
  close(): void {
    this.#lock?.close();
    this.#spare.close();
  }

  /** Lets go of the folder where the run cannot begin; a folder that was made is removed. */
  abandon(): void {
    this.close();
    if (this.#isNew) Deno.removeSync(this.#path);
  }

  #findFolder(i: number): BodyFolder {
    const number = Math.floor(i / BODIES_PER_FOLDER);
    let folder = this.#folders.get(number);
    if (folder === undefined) {
      const options = { run: this.run, spare: this.#spare, isSynced: this.#isSynced };
      folder = this.#try(() => BodyFolder.open(`${this.#path}/${number}`, options));
      const [oldest] = this.#folders.keys();
      if (this.#folders.size === this.#maxFolders) this.#folders.delete(oldest);
    } else {
      this.#folders.delete(number);
    }
    this.#folders.set(number, folder);
    return folder;
  }

  /** The ending of a type's files, with its dot; empty for an unknown type. */
  #findEnding(type: string | null): string {
    if (type === null || type.length > MAX_TYPE) return "";
    let ending = this.#endings.get(type);
    if (ending === undefined) {
      const extension = this.#extension(type) ?? "";
      // The list does not come from the server; even if it did, the file would stay in the folder.
      ending = /^[a-z0-9]{1,16}$/.test(extension) ? `.${extension}` : "";
      if (this.#endings.size === MAX_TYPES) this.#endings.clear();
      this.#endings.set(type, ending);
    }
    return ending;
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new OutputError(
        `Cannot write '--save-bodies ${this.#path}': ${describeWriteError(error)}`,
      );
    }
  }
}

type Extension = (type: string) => string | undefined;

/** Only for runs that save bodies: most runs save nothing. */
async function loadExtension(): Promise<Extension> {
  const { extension } = await import("@std/media-types/extension");
  return extension;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // Where the file is used, the message says why it cannot be read.
    return true;
  }
}

function openFolder(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch {
    // Not every system opens folders.
    return undefined;
  }
}

function checkWritable(path: string): void {
  const probe = `${path}/.part`;
  openFreshFile(probe).close();
  Deno.removeSync(probe);
}

function holdsBodies(path: string): boolean {
  return Deno.readDirSync(path).some(({ name }) => /^\d+$/.test(name));
}
