import { ByteBuffer } from "../byte_buffer.ts";
import { findMediaType, parseStatus } from "./http_head.ts";
import type { WarcReader } from "./read_records.ts";

/** How much of a response is looked at to find the end of its head. */
const MAX_HEAD_BYTES = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** What is read of the head of a response in an archive. */
export interface HttpHead {
  /** From 100 to 999; undefined where the first line does not tell one. */
  readonly status: number | undefined;
  /** The media type without parameters, as the server wrote it; undefined without one. */
  readonly mediaType: string | undefined;
  /** Of the head in bytes, with the empty line. A head that does not end is all of the response. */
  readonly length: number;
}

/**
 * Reads the head of the response that the block of a record is.
 *
 * @throws {InputError} If the archive breaks off.
 */
export async function readHttpHead(
  reader: WarcReader,
  { contentLength }: { readonly contentLength: number },
): Promise<HttpHead> {
  const first = await reader.read() ?? new Uint8Array();
  let bytes = first;
  let end = findHeadEnd(bytes, 0);
  if (end < 0) {
    const buffer = new ByteBuffer(MAX_HEAD_BYTES);
    for (let piece: Uint8Array | undefined = first; piece !== undefined && end < 0;) {
      const before = buffer.length;
      if (!buffer.append(piece)) break;
      end = findHeadEnd(buffer.view(), Math.max(0, before - 2));
      if (end < 0) piece = await reader.read();
    }
    bytes = buffer.view();
  }
  const head = end < 0 ? bytes : bytes.subarray(0, end);
  return {
    status: parseStatus(head),
    mediaType: findMediaType(head),
    length: end < 0 ? contentLength : end,
  };
}

/** Behind the empty line that ends a head; -1 without one. LF alone ends a line too (RFC 9112 §2.2). */
function findHeadEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; (at = bytes.indexOf(LF, at)) >= 0; at++) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (bytes[next] === LF) return next + 1;
  }
  return -1;
}
