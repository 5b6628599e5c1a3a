/**
 * Where the files of an archive are: a series of files, and files for what is not in them yet.
 *
 * ```text
 * crawl.warc.gz, crawl-00001.warc.gz, crawl-00002.warc.gz, …
 * .crawl.warc.gz.RUN.THREAD.NUMBER.part
 * ```
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { ARCHIVE_ENDING } from "../../warc/archive_ending.ts";

/** How the names of spool files end. */
export const SPOOL_ENDING = ".part";
/** Their names behind the prefix. */
export const SPOOL_NAME = /^[\da-f]+\.\d+\.\d+\.part$/;

/** The path of a file of the series. @param serial from 0 */
export function toSerialPath(path: string, serial: number): string {
  return insertSerial(path, formatSerial(serial));
}

/** What the name of a file of the series has before its ending. @param serial from 0 */
export function formatSerial(serial: number): string {
  return serial === 0 ? "" : `-${`${serial}`.padStart(5, "0")}`;
}

/** A path or name with a serial, as {@linkcode formatSerial} has it, before its ending. */
export function insertSerial(path: string, serial: string): string {
  return path.replace(ARCHIVE_ENDING, (end) => `${serial}${end}`);
}

/** The serials of the files of a series that are there, in their order. */
export function listSerials(path: string): readonly number[] {
  const [start, end] = insertSerial(basename(path), "\0").split("\0");
  const serials: number[] = [];
  for (const { name } of Deno.readDirSync(dirname(path))) {
    if (!name.startsWith(start) || !name.endsWith(end)) continue;
    const serial = name.slice(start.length, name.length - end.length);
    const number = Number(serial.slice(1));
    if (serial === formatSerial(number)) serials.push(number);
  }
  return serials.sort((a, b) => a - b);
}

/** How the paths of the spool files of an archive begin. */
export function toSpoolPrefix(path: string): string {
  return `${dirname(path)}/.${basename(path)}.`;
}

/** Removes the spool files of an archive that no run writes. */
export function removeSpoolFiles(path: string): void {
  const folder = dirname(path);
  const start = `.${basename(path)}.`;
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.startsWith(start)) continue;
    if (SPOOL_NAME.test(name.slice(start.length))) {
      removeFile(`${folder}/${name}`);
    }
  }
}

/** Removes a file, unless it is gone already. */
export function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
