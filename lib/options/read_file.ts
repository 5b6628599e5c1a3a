import { UsageError } from "../flags.ts";
import { osMessage } from "../os_error.ts";

/**
 * Reads a file that a flag names.
 *
 * @param flag the flag with its value, for the message
 * @throws {UsageError} If it cannot be read.
 */
export async function readFile(path: string, flag: string): Promise<Uint8Array<ArrayBuffer>> {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new UsageError(`Cannot read '${flag}': no permission: run with --allow-read=${path}`);
  }
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : osMessage(error);
    throw new UsageError(`Cannot read '${flag}': ${why}: name a file that can be read`);
  }
}
