/**
 * Where bodies are saved: in a folder, or with their exchanges in a web archive.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { ARCHIVE_ENDING } from "../warc/archive_ending.ts";
import { redactCommand } from "./redact_command.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunFlag } from "./rows/flag.ts";
import type { RunRow, RunValues } from "./table.ts";

/** Where bodies are saved, if at all. At most one of them is given. */
export type SavedBodies = Pick<RunOptions, "saveBodies" | "archive">;

/**
 * Reads where bodies are saved: the ending says whether it is an archive.
 *
 * @param version the program's version, which the archive tells
 * @throws {UsageError} If a flag of archives is given for a folder, or the size is 0.
 */
export function parseSavedBodies(values: RunValues, version: string): SavedBodies {
  const path = values.get("save-bodies");
  if (path === undefined || !ARCHIVE_ENDING.test(path)) {
    refuseArchiveFlags(values, path);
    return { saveBodies: path, archive: undefined };
  }
  const sizeBytes = values.get("warc-size");
  if (sizeBytes === 0) throw new UsageError("Cannot use '--warc-size 0': use 1 or more");
  const archive = {
    path,
    gzip: /\.gz$/i.test(path),
    sizeBytes,
    isSynced: values.get("sync") !== "never",
    dedupe: values.get("dedupe"),
    cdx: values.get("cdx"),
    software: `myriad/${version}`,
    command: redactCommand(values),
  };
  return { saveBodies: undefined, archive };
}

function refuseArchiveFlags(values: RunValues, folder: string | undefined): void {
  if (folder === undefined) return;
  if (/\.gz$/i.test(folder)) {
    throw new UsageError(
      `Cannot write '--save-bodies ${folder}': the ending '.gz' is that of a file: ` +
        "use .warc.gz for a web archive, or the name of a folder",
    );
  }
  for (const { name, requires } of values.flags as readonly RunFlag[]) {
    if (!requires?.includes("save-bodies") || !values.has(name as RunRow["name"])) continue;
    throw new UsageError(
      `'--${name}' needs a web archive: use '--save-bodies FILE.warc.gz' instead of ` +
        `'--save-bodies ${folder}'`,
    );
  }
}
