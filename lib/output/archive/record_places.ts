/**
 * Where in an archive the response of a request is, as its record says it: `crawl.warc.gz:1234`.
 *
 * Threads format records before it is known where the main thread writes their exchanges. They write
 * marks instead, in which nothing needs an escape in any format; the main thread puts the places in.
 * Nothing that a server sends can be taken for a mark: it is drawn for each run.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { basename } from "node:path";
import { ByteBuffer } from "../../byte_buffer.ts";
import { formatSerial, insertSerial } from "./archive_paths.ts";

const encoder = new TextEncoder();

/** Where records begin: in which file of the series, and behind how many bytes. */
export interface ArchivePlace {
  readonly serial: number;
  readonly offset: number;
}

/** The text of a place. @param path of the first file of the archive */
export function formatPlace(path: string, { serial, offset }: ArchivePlace): string {
  return joinPlace(path, formatSerial(serial), `${offset}`);
}

/** What stands for a place that is not known yet. @param mark of {@linkcode drawMark} */
export function formatMarkedPlace(path: string, mark: string): string {
  return joinPlace(path, mark, mark);
}

function joinPlace(path: string, serial: string, offset: string): string {
  return `${insertSerial(basename(path), serial)}:${offset}`;
}

/** A new mark: 32 digits of hexadecimal. */
export function drawMark(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/**
 * Puts places where the marks are, two for each record.
 *
 * @param bytes records as text
 * @param first where the packed exchanges begin, behind which the offsets count
 * @param offsets of the responses, one for each marked record, in their order
 * @returns the bytes, in a buffer that nothing else uses
 */
export function fillPlaces(
  bytes: Uint8Array<ArrayBuffer>,
  mark: string,
  { serial, offset }: ArchivePlace,
  offsets: readonly number[],
): Uint8Array<ArrayBuffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const filled = new ByteBuffer();
  const serialText = encoder.encode(formatSerial(serial));
  let from = 0;
  let count = 0;
  for (let at; (at = buffer.indexOf(mark, from, "latin1")) >= 0; from = at + mark.length) {
    filled.append(bytes.subarray(from, at));
    const isOffset = count % 2 === 1;
    filled.append(
      isOffset ? encoder.encode(`${offset + offsets[(count - 1) / 2]}`) : serialText,
    );
    count++;
  }
  if (count === 0) return bytes;
  filled.append(bytes.subarray(from));
  return filled.view().slice();
}
