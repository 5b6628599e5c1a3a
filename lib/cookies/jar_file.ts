/**
 * The file that keeps a cookie jar from run to run.
 *
 * @module
 */
import { OutputError, UsageError } from "../errors.ts";
import { openFreshFile } from "../process/fresh_file.ts";
import { describeOsError, describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { writeAll } from "../process/write_all.ts";
import { formatAllow } from "../text/format_allow.ts";
import { Jar } from "./jar.ts";
import { formatNetscape, LineError, parseNetscape } from "./netscape.ts";

/** The longest file that is read, in bytes: more than a jar holds, with expired cookies. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Bytes that become text at once: each is an argument of a function. */
const PIECE_BYTES = 8 * 1024;

/** A cookie jar and its file, if it has one. */
export class JarFile {
  readonly jar: Jar;
  readonly #path: string | undefined;

  /**
   * Reads the file, if there is one, and makes sure that it can be written.
   *
   * @param path undefined for a jar without a file
   * @throws {UsageError} If the file cannot be read or written.
   */
  static async open(path: string | undefined): Promise<JarFile> {
    if (path === undefined) return new JarFile(new Jar(), path);
    checkPermissions(path);
    const text = await read(path);
    try {
      await write(path, undefined);
      return new JarFile(new Jar(parseNetscape(text)), path);
    } catch (error) {
      if (error instanceof LineError) {
        fail("read", path, `${error.message}: use a file in Netscape's format, or a new name`);
      }
      return fail("write", path, describeWriteError(error));
    }
  }

  private constructor(jar: Jar, path: string | undefined) {
    this.jar = jar;
    this.#path = path;
  }

  /**
   * Replaces the file by the cookies of the jar; only the owner can read it.
   *
   * @throws {OutputError} If the file cannot be written.
   */
  async save(): Promise<void> {
    if (this.#path === undefined) return;
    try {
      await write(this.#path, formatNetscape(this.jar.all()));
    } catch (error) {
      throw new OutputError(
        `Cannot write '--cookie-jar=${this.#path}': ${describeWriteError(error)}`,
      );
    }
  }
}

function fail(verb: "read" | "write", path: string, why: string): never {
  throw new UsageError(`Cannot ${verb} '--cookie-jar=${path}': ${why}`);
}

/** The path of the new file until it replaces the old one. */
function toTemporaryPath(path: string): string {
  return `${path}.tmp`;
}

function checkPermissions(path: string): void {
  const paths = [path, toTemporaryPath(path)];
  const has = (name: "read" | "write"): boolean => paths.every((path) => isGranted({ name, path }));
  if (has("read") && has("write")) return;
  const flags = `${formatAllow("read", paths)} ${formatAllow("write", paths)}`;
  fail("read", path, `no permission: run with ${flags}`);
}

/** Reads a file, each byte as a character; without a file, the text is empty. */
async function read(path: string): Promise<string> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) fail("read", path, "it is not a file: name one");
    if (size > MAX_FILE_BYTES) {
      fail("read", path, `it has more than ${MAX_FILE_BYTES} bytes: name another`);
    }
    let text = "";
    const bytes = await Deno.readFile(path);
    for (let k = 0; k < bytes.length; k += PIECE_BYTES) {
      text += String.fromCharCode(...bytes.subarray(k, k + PIECE_BYTES));
    }
    return text;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Deno.errors.NotFound) return "";
    return fail("read", path, `${describeOsError(error)}: name a file that can be read`);
  }
}

/** Replaces a file. @param text undefined to try only whether that would work */
async function write(path: string, text: string | undefined): Promise<void> {
  const temporary = toTemporaryPath(path);
  const bytes = Uint8Array.from(text ?? "", (character) => character.charCodeAt(0));
  const file = openFreshFile(temporary, { mode: 0o600 });
  try {
    await writeAll(file, bytes).finally(() => file.close());
    if (text !== undefined) return await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await Deno.remove(temporary);
}
