import { UsageError } from "../errors.ts";
import { describeOsError } from "../process/os_error.ts";
import { isGranted } from "../process/permission.ts";

/**
 * Reads a file that a flag names.
 *
 * @param flag the flag with its value, for the message
 * @throws {UsageError} If it cannot be read.
 */
export async function readFile(path: string, flag: string): Promise<Uint8Array<ArrayBuffer>> {
  checkPermission(path, flag);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    return fail(error, flag);
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
  path: string,
  flag: string,
  shown: string = path,
): Promise<string> {
  let bytes: Uint8Array;
  if (path === "-") bytes = await readStart(Deno.stdin, flag);
  else {
    checkPermission(path, flag, shown);
    const file = await Deno.open(path).catch((error) => fail(error, flag));
    try {
      bytes = await readStart(file, flag);
    } finally {
      file.close();
    }
  }
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
  flag: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length)).catch((error) => fail(error, flag));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

function checkPermission(path: string, flag: string, shown: string = path): void {
  if (!isGranted({ name: "read", path })) {
    throw new UsageError(`Cannot read '${flag}': no permission: run with --allow-read=${shown}`);
  }
}

function fail(error: unknown, flag: string): never {
  const why = error instanceof Deno.errors.NotFound ? "no such file" : describeOsError(error);
  throw new UsageError(`Cannot read '${flag}': ${why}: name a file that can be read`);
}
