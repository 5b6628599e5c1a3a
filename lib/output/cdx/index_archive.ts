import { basename } from "node:path";
import { readHttpHead } from "../../warc/read_http_head.ts";
import { WarcReader } from "../../warc/read_records.ts";
import type { WarcHead } from "../../warc/warc_head.ts";
import { beginCdxjLine, endCdxjLine } from "../../warc/cdxj.ts";
import { ArchiveContent } from "./archive_content.ts";

/** A file of an archive, or a part of one that begins with a record. */
export interface ArchivePart {
  readonly path: string;
  /** Where the part begins and ends in it, in bytes. */
  readonly start: number;
  readonly end: number;
}

/** A line of an index, and the record that it is of. */
export interface IndexedRecord {
  readonly line: string;
  /** Behind the record in its file, in bytes. */
  readonly end: number;
}

/**
 * The lines of the index of an archive, in the order of its records.
 *
 * @throws {InputError} If it is not WARC.
 * @throws {UnpackError} If its gzip is damaged.
 */
export async function* indexArchive(
  { path, start, end }: ArchivePart,
): AsyncGenerator<IndexedRecord, undefined> {
  using content = await ArchiveContent.open(path, start, end);
  const reader = new WarcReader(content, path);
  const filename = basename(path);
  let before: { readonly beginning: string; readonly offset: number } | undefined;
  for (;;) {
    const head = await reader.next();
    const next = head === undefined ? end : reader.offset;
    if (before !== undefined) {
      const place = { filename, offset: before.offset, length: next - before.offset };
      yield { line: endCdxjLine(before.beginning, place), end: next };
    }
    if (head === undefined) return;
    const beginning = await begin(head, reader);
    before = beginning === undefined ? undefined : { beginning, offset: reader.offset };
  }
}

/** What its line begins with; undefined for a record that an index leaves out. */
async function begin(head: WarcHead, reader: WarcReader): Promise<string | undefined> {
  const { isCapture, isHttp, targetUri: url, dateDigits, type } = head;
  if (!isCapture || url === undefined || dateDigits === undefined) return undefined;
  const { status, mediaType } = isHttp
    ? await readHttpHead(reader, head)
    : { status: 200, mediaType: head.field("content-type")?.split(";")[0] };
  const digest = head.field("warc-payload-digest");
  return beginCdxjLine({ url, dateDigits, type, mediaType, status, digest });
}
