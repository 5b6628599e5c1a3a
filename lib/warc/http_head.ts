/**
 * What is read of the heads of responses in an archive. Whatever a server sent is there, so nothing of
 * it is an error here.
 *
 * @module
 */

const NEWLINE = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
/** Bytes of `HTTP/1.1 200`. */
const STATUS_BYTES = 12;

const STATUS_LINE = /^HTTP\/\d(?:\.\d)? (\d{3})/;
/** A media type without its parameters; of fields that were joined, the first. */
const MEDIA_TYPE = /^[^;,\s]+/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** In lower case, as {@linkcode findField} wants it. */
const CONTENT_TYPE = encoder.encode("content-type");

/** The status of a response, from 100 to 999; undefined where its first line does not tell one. */
export function parseStatus(head: Uint8Array): number | undefined {
  const found = STATUS_LINE.exec(decoder.decode(head.subarray(0, STATUS_BYTES)));
  const status = Number(found?.[1]);
  return status >= 100 ? status : undefined;
}

/** The media type that a head names, without parameters; undefined without one. */
export function findMediaType(head: Uint8Array): string | undefined {
  const at = findField(head, CONTENT_TYPE);
  if (at < 0) return undefined;
  const end = head.indexOf(NEWLINE, at);
  const value = decoder.decode(head.subarray(at, end < 0 ? head.length : end));
  return MEDIA_TYPE.exec(value.trimStart())?.[0];
}

/**
 * Where the value of the first field of a name begins, behind its colon; -1 without one.
 *
 * @param name in lower case
 */
export function findField(head: Uint8Array, name: Uint8Array): number {
  for (let line = head.indexOf(NEWLINE) + 1; line > 0; line = head.indexOf(NEWLINE, line) + 1) {
    // Bit 5 makes a letter lower case; it changes no '-' of a name.
    let k = 0;
    while (k < name.length && (head[line + k] | 0x20) === name[k]) k++;
    if (k < name.length) continue;
    k += line;
    while (head[k] === SPACE || head[k] === TAB) k++;
    if (head[k] === COLON) return k + 1;
  }
  return -1;
}
