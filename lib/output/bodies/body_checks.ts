/**
 * What the bodies in a folder are checked by: their length and their CRC-32, one line each. A machine
 * that goes down can leave a file empty, short, or with anything else in it.
 *
 * ```text
 * 0/17.html 5120 3632233996
 * ```
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** A body that is complete in its file. */
export interface SavedBody {
  /** Its path, below the folder. */
  readonly name: string;
  /** In bytes. */
  readonly length: number;
  readonly crc: number;
}

/** How many bytes of a body are in memory at once. */
const PIECE_BYTES = 64 * 1024;
const LINE = /^(\d+\/\d+(?:\.[a-z0-9]{1,16})?) (\d{1,16}) (\d{1,10})$/;

export function formatCheck({ name, length, crc }: SavedBody): string {
  return `${name} ${length} ${crc}\n`;
}

/**
 * Whether all bodies are in a folder as the lines say.
 *
 * @param lines as {@linkcode formatCheck} has them, one behind the other
 */
export function areBodiesWhole(folder: string, lines: string): boolean {
  return lines.split("\n").slice(0, -1).every((line) => {
    const [, name, length, crc] = LINE.exec(line) ?? [];
    return name !== undefined && isFileWhole(`${folder}/${name}`, Number(length), Number(crc));
  });
}

/** The bodies that lines are about, below their folder. @param lines as {@linkcode formatCheck} has them */
export function listBodies(lines: string): string[] {
  return lines.split("\n").slice(0, -1).map((line) => line.slice(0, line.indexOf(" ")));
}

/** Whether a file has a length, in bytes, and a CRC-32. */
export function isFileWhole(path: string, length: number, crc: number): boolean {
  try {
    // A link, or a named pipe, is not what a run has written.
    const { isFile, size } = Deno.lstatSync(path);
    return isFile && size === length && computeCrc(path) === crc;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function computeCrc(path: string): number {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(PIECE_BYTES);
  let crc = 0;
  for (let read; (read = file.readSync(buffer)) !== null;) {
    crc = crc32(buffer.subarray(0, read), crc);
  }
  return crc;
}
