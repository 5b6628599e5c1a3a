import { UsageError } from "../errors.ts";
import type { ReadFile } from "./read_file.ts";

/** How many bytes the key of a run has: those of AES-256. */
export const KEY_BYTES = 32;
/** A key in hexadecimal or base64, with the end of its line. */
const MAX_BYTES = 1_024;

/**
 * Reads a key that seals a run: its 32 bytes, or a line with them in hexadecimal or base64.
 *
 * @param path `-` for standard input; undefined for a run that is not sealed
 * @throws {UsageError} If the file cannot be read, or holds something else. Nothing in it is repeated.
 */
export async function readClusterKey(
  path: string | undefined,
  readFile: ReadFile,
): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const flag = `--cluster-key ${path}`;
  const bytes = await readFile(path, flag, { maxBytes: MAX_BYTES });
  const key = bytes.length === KEY_BYTES
    ? bytes
    : decode(String.fromCharCode(...bytes.subarray(0, MAX_BYTES)).trim());
  if (key?.length === KEY_BYTES) return key;
  throw new UsageError(
    `Cannot use '${flag}': it is not a key of ${KEY_BYTES} bytes, as they are, in hexadecimal or in ` +
      `base64: make one by 'openssl rand -hex ${KEY_BYTES}'`,
  );
}

function decode(text: string): Uint8Array | undefined {
  try {
    return text.length === 2 * KEY_BYTES ? Uint8Array.fromHex(text) : Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
