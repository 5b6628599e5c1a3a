/**
 * The heads of records in an archive (ISO 28500:2017 §4).
 *
 * @module
 */

/** The version of the format, as the first line of each record has it. */
const WARC_VERSION = "WARC/1.1";

/** Formats a named field, with the end of its line; nothing where its value is undefined. */
export function formatField(name: string, value: string | number | null | undefined): string {
  return value === undefined || value === null ? "" : `${name}: ${value}\r\n`;
}

/**
 * Formats the head of a record, up to and including the empty line.
 *
 * @param fields each of {@linkcode formatField}
 * @param length of the block, in bytes
 */
export function formatRecordHead(fields: string, length: number): string {
  return `${WARC_VERSION}\r\n${fields}Content-Length: ${length}\r\n\r\n`;
}

/** A new `WARC-Record-ID`. */
export function createRecordId(): string {
  return `<urn:uuid:${crypto.randomUUID()}>`;
}
