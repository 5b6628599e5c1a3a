/**
 * Lines of a CDXJ index, as pywb and other players of archives read them: a key, the time, and JSON,
 * all of it in ASCII, so that lines in the order of their bytes are in the order of their text.
 *
 * ```text
 * com,example)/a 20260102030405 {"url":"http://example.com/a","mime":"text/html","status":"200", ...}
 * ```
 *
 * @module
 */
import { toSurt } from "./surt.ts";

/** What the index tells of a record. */
export interface Capture {
  /** Its `WARC-Target-URI`. */
  readonly url: string;
  /** The digits of its `WARC-Date`, at least those of a year. */
  readonly dateDigits: string;
  readonly type: string;
  /** Undefined where the response does not tell it. */
  readonly mediaType: string | undefined;
  /** Undefined where it is not known. */
  readonly status: number | undefined;
  /** Its `WARC-Payload-Digest`; undefined without one. */
  readonly digest: string | undefined;
}

/** Where a record is. */
export interface CapturePlace {
  /** The name of its file, without folders. */
  readonly filename: string;
  /** Where it begins in the file, and how long it is there, in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** What a date lacks that does not tell the second. */
const FIRST_SECOND = "00000101000000";
/** A media type of RFC 6838 §4.2; what servers send can be anything. */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/;
const NOT_ASCII = /[\x7f-\uffff]/g;
/** The algorithm that a digest has by default, which pywb leaves out. */
const SHA1 = /^sha1:/i;

/** A line of the index that lacks the place of its record, of which only a part is known. */
export function formatCapture(beginning: string, offset: number, length: number): string {
  return `${offset} ${length} ${beginning}\n`;
}

/** Formats all of a line that does not depend on where the record is. */
export function beginCdxjLine(
  { url, dateDigits, type, mediaType, status, digest }: Capture,
): string {
  const mime = type === "revisit"
    ? "warc/revisit"
    : mediaType !== undefined && MEDIA_TYPE.test(mediaType)
    ? mediaType
    : "unk";
  const json = JSON.stringify({
    url,
    mime,
    status: status === undefined ? "-" : String(status),
    digest: digest?.replace(SHA1, ""),
  });
  const time = (dateDigits + FIRST_SECOND.slice(dateDigits.length)).slice(0, FIRST_SECOND.length);
  return `${toSurt(url)} ${time} ${escapeToAscii(json).slice(0, -1)}`;
}

/** Ends a line with where its record is. */
export function endCdxjLine(
  beginning: string,
  { filename, offset, length }: CapturePlace,
): string {
  const name = escapeToAscii(JSON.stringify(filename));
  return `${beginning},"length":"${length}","offset":"${offset}","filename":${name}}\n`;
}

function escapeToAscii(json: string): string {
  return json.replace(
    NOT_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
