/**
 * The heads of records in an archive (ISO 28500:2017 §4).
 *
 * @module
 */

/** The version of the format, as the first line of each record has it. */
export const WARC_VERSION = "WARC/1.1";

/** What stands behind the block of each record. */
export const RECORD_END = "\r\n\r\n";

/** A named field, or nothing where its value is undefined. */
export type WarcField = readonly [name: string, value: string | number | undefined];

/**
 * Formats the head of a record, up to and including the empty line.
 *
 * @param length of the block, in bytes
 */
export function formatRecordHead(fields: readonly WarcField[], length: number): string {
  let head = `${WARC_VERSION}\r\n`;
  for (const [name, value] of fields) if (value !== undefined) head += `${name}: ${value}\r\n`;
  return `${head}Content-Length: ${length}\r\n\r\n`;
}

/** A new `WARC-Record-ID`. */
export function createRecordId(): string {
  return `<urn:uuid:${crypto.randomUUID()}>`;
}
