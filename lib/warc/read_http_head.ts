import { ByteBuffer } from "../byte_buffer.ts";
import { findHeadEnd, type WarcReader } from "./read_records.ts";

/** How much of a response is looked at to find the end of its head. */
const MAX_HEAD_BYTES = 1024 * 1024;

const STATUS_LINE = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |$)/;
const CONTENT_TYPE = /^content-type[ \t]*:[ \t]*([^;,\s]+)/i;
const CHUNKED = /^transfer-encoding[ \t]*:.*\bchunked[ \t]*$/i;

/** What is read of the head of a response. */
export interface HttpHead {
  /** From 100 to 999; undefined where the first line does not tell one. */
  readonly status: number | undefined;
  /** The media type without parameters, as the server wrote it; undefined without one. */
  readonly mediaType: string | undefined;
  readonly isChunked: boolean;
  /** What was read of the body together with the head; valid until the next piece is read. */
  readonly bodyStart: Uint8Array;
}

/**
 * Reads the head of the response that the block of a record is. Whatever a server sent is in an
 * archive, so nothing of it is an error here.
 *
 * @throws {InputError} If the archive breaks off.
 */
export async function readHttpHead(reader: WarcReader): Promise<HttpHead> {
  const first = await reader.read() ?? new Uint8Array();
  let bytes = first;
  let end = findHeadEnd(bytes, 0);
  if (end < 0) {
    const buffer = new ByteBuffer(MAX_HEAD_BYTES);
    for (let piece: Uint8Array | undefined = first; piece !== undefined && end < 0;) {
      const before = buffer.length;
      if (!buffer.append(piece)) break;
      end = findHeadEnd(buffer.view(), Math.max(0, before - 3));
      if (end < 0) piece = await reader.read();
    }
    bytes = buffer.view();
  }
  // A head that does not end has no body behind it.
  const head = end < 0 ? bytes : bytes.subarray(0, end);
  const lines = new TextDecoder().decode(head).split(/\r?\n/);
  const status = Number(STATUS_LINE.exec(lines[0])?.[1]);
  return {
    status: status >= 100 ? status : undefined,
    mediaType: findField(lines, CONTENT_TYPE)?.[1],
    isChunked: findField(lines, CHUNKED) !== undefined,
    bodyStart: end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 4),
  };
}

/** The first line that matches, behind the first. */
function findField(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (let k = 1; k < lines.length; k++) {
    const found = pattern.exec(lines[k]);
    if (found !== null) return found;
  }
  return undefined;
}
