import { foldPath } from "./fold_path.ts";
import type { RequestPath } from "./request_path.ts";

/** The prefixes of `--only` and `--ignore`. */
export interface PathFilterOptions {
  /** The prefixes of paths that are compared; if there are no prefixes, all paths are. */
  readonly only: readonly string[];
  /** The prefixes of paths that are left out. */
  readonly ignore: readonly string[];
}

/**
 * Makes a function that tells whether a path is compared.
 *
 * @param isFolded whether the paths are folded, as those of IIS are
 */
export function createPathFilter(
  { only, ignore }: PathFilterOptions,
  isFolded: boolean,
): (path: RequestPath) => boolean {
  if (only.length === 0 && ignore.length === 0) return () => true;
  const encoder = new TextEncoder();
  const encode = (prefix: string): Uint8Array => {
    const bytes = encoder.encode(prefix);
    return isFolded ? foldPath(bytes, 0, bytes.length) : bytes;
  };
  const [wanted, unwanted] = [only, ignore].map((prefixes) => prefixes.map(encode));
  return (path) =>
    (wanted.length === 0 || wanted.some((prefix) => startsWith(path, prefix))) &&
    !unwanted.some((prefix) => startsWith(path, prefix));
}

function startsWith({ bytes, from, to }: RequestPath, prefix: Uint8Array): boolean {
  return prefix.length <= to - from && prefix.every((byte, k) => bytes[from + k] === byte);
}
