import { UsageError } from "../errors.ts";
import { describeOsError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";

/** Asks the user for the password of a name. */
export type AskPassword = (name: string) => Promise<string>;

/** Which part of a file is read, and what a message calls it. */
export interface ReadFileOptions {
  /** The path as it stands in messages. @default {path} */
  readonly shown?: string;
  /** The maximum number of bytes of the file, of which one more is read. @default {Infinity} */
  readonly maxBytes?: number;
}

/**
 * Reads a file that a flag names.
 *
 * @param path `-` for standard input
 * @param flag the flag with its value, for the message, in which nothing else is repeated
 * @throws {UsageError} If it cannot be read.
 */
export type ReadFile = (
  path: string,
  flag: string,
  options?: ReadFileOptions,
) => Promise<Uint8Array<ArrayBuffer>>;

/** Reads from the disk of this machine, or the standard input of this process. */
export async function readFromDisk(
  path: string,
  flag: string,
  { shown = path, maxBytes }: ReadFileOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  if (path === "-") {
    if (maxBytes === undefined) return await new Response(Deno.stdin.readable).bytes();
    return await readStart(Deno.stdin, maxBytes, flag);
  }
  checkPermission(path, flag, shown);
  if (maxBytes === undefined) {
    return await Deno.readFile(path).catch((error) => fail(error, flag));
  }
  const file = await Deno.open(path).catch((error) => fail(error, flag));
  try {
    return await readStart(file, maxBytes, flag);
  } finally {
    file.close();
  }
}

/** The longest file of secrets or flags, in bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a short text that a flag names: UTF-8, at most 1 MiB, from a file or a pipe.
 *
 * @param path `-` for standard input
 * @param flag the flag with the file's name, for the message, in which nothing else is repeated
 * @param shown the path as it stands there
 * @throws {UsageError} If it cannot be read, is longer, or is not UTF-8.
 */
export async function readShortText(
  readFile: ReadFile,
  path: string,
  flag: string,
  shown: string = path,
): Promise<string> {
  const bytes = await readFile(path, flag, { shown, maxBytes: MAX_BYTES });
  if (bytes.length > MAX_BYTES) {
    throw new UsageError(`Cannot read '${flag}': it is longer than 1 MiB: use a shorter one`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`Cannot read '${flag}': it is not text in UTF-8: convert it`);
  }
}

/** The whole file, or one byte more than it may have. */
async function readStart(
  file: Pick<Deno.FsFile, "read">,
  maxBytes: number,
  flag: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(maxBytes + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length)).catch((error) => fail(error, flag));
    if (read === null) break;
    length += read;
  }
  return bytes.slice(0, length);
}

function checkPermission(path: string, flag: string, shown: string): void {
  if (!isGranted({ name: "read", path })) {
    throw new UsageError(
      `Cannot read '${flag}': no permission: run with ${formatAllow("read", shown)}`,
    );
  }
}

function fail(error: unknown, flag: string): never {
  const why = error instanceof Deno.errors.NotFound ? "no such file" : describeOsError(error);
  throw new UsageError(`Cannot read '${flag}': ${why}: name a file that can be read`);
}
