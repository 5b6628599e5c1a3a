import { dirname } from "node:path";
import { findByEnding } from "../cli/file_endings.ts";
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { formatAllow } from "../text/format_allow.ts";
import { OUTPUT_FORMATS } from "./formats.ts";

/**
 * The files of runs: those that are named, and behind each the further parts of its run.
 *
 * @param names the files as the user named them; a part that is named, too, is there once
 * @throws {UsageError} If a permission is missing to look for parts.
 */
export async function listFiles(names: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const name of names) {
    files.add(name);
    const format = findByEnding(OUTPUT_FORMATS, name, []);
    const listParts = format && OUTPUT_FORMATS[format].listParts;
    if (listParts === undefined) continue;
    const folder = dirname(name);
    if (!isGranted({ name: "read", path: folder })) {
      throw new UsageError(
        `Cannot look for further parts of '${name}': run with ${formatAllow("read", folder)}`,
      );
    }
    for (const part of await listParts(name)) files.add(part);
  }
  return [...files];
}
