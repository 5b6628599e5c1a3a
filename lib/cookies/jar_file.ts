/**
 * The file that keeps a cookie jar after a run.
 *
 * @module
 */
import { OutputError, UsageError } from "../errors.ts";
import { describeOsError, describeWriteError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { Jar } from "./jar.ts";
import { formatNetscape, LineError, parseNetscape } from "./netscape.ts";

/** The most bytes of a file: more than the jar holds, with room for expired cookies. */
const MAX_FILE = 64 * 1024 * 1024;

/** A cookie jar, and the file that keeps it, if there is one. */
export class JarFile {
  readonly jar: Jar;
  readonly #path: string | undefined;

  /**
   * Reads the file, if it exists, and makes sure that it can be written.
   *
   * @param path undefined for a jar that is lost with the run
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
   * Replaces the file by the cookies of the jar, readable by its owner only.
   *
   * @throws {OutputError} If it cannot be written.
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

/** The file that is written before it replaces the jar's. */
function toTemporaryPath(path: string): string {
  return `${path}.tmp`;
}

function checkPermissions(path: string): void {
  const paths = [path, toTemporaryPath(path)];
  const has = (name: "read" | "write"): boolean => paths.every((path) => isGranted({ name, path }));
  if (has("read") && has("write")) return;
  const flags = `--allow-read=${paths} --allow-write=${paths}`;
  fail("read", path, `no permission: run with ${flags}`);
}

/** The text of the file, each character a byte; empty if the file does not exist. */
async function read(path: string): Promise<string> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) fail("read", path, "it is not a file: name one");
    if (size > MAX_FILE) fail("read", path, `it has more than ${MAX_FILE} bytes: name another`);
    let text = "";
    // In pieces, because each byte is an argument.
    const bytes = await Deno.readFile(path);
    for (let k = 0; k < bytes.length; k += PIECE) {
      text += String.fromCharCode(...bytes.subarray(k, k + PIECE));
    }
    return text;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Deno.errors.NotFound) return "";
    return fail("read", path, `${describeOsError(error)}: name a file that can be read`);
  }
}

const PIECE = 8 * 1024;

/** Writes the file. @param text undefined to find out only whether it can be written */
async function write(path: string, text: string | undefined): Promise<void> {
  const temporary = toTemporaryPath(path);
  // A run that was killed may have left it.
  await Deno.remove(temporary).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const bytes = Uint8Array.from(text ?? "", (character) => character.charCodeAt(0));
  const options = { createNew: true, mode: 0o600 };
  try {
    await Deno.writeFile(temporary, bytes, options);
    if (text !== undefined) return await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await Deno.remove(temporary);
}
