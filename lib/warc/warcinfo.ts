import { digestBytes } from "./digest.ts";
import { createRecordId, formatField, formatRecordHead, RECORD_END } from "./record_head.ts";

/** What the first record of a file says of the run. */
export interface WarcInfo {
  /** The name of the file, without its folder. */
  readonly filename: string;
  /** The program and its version, as in `myriad/1.0.0`. */
  readonly software: string;
  /** The command line, without secrets. */
  readonly command: string;
  /** When the file was begun, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Formats a `warcinfo` record (ISO 28500:2017 §6.2), whole. */
export function formatWarcInfo({ filename, software, command, at }: WarcInfo): Uint8Array {
  const encoder = new TextEncoder();
  const block = encoder.encode([
    `software: ${oneLine(software)}`,
    "format: WARC File Format 1.1",
    "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    // The requests are the user's own list: robots.txt is not read.
    "robots: ignore",
    `description: ${oneLine(command)}`,
    "",
  ].join("\r\n"));
  const fields = formatField("WARC-Type", "warcinfo") +
    formatField("WARC-Record-ID", createRecordId()) +
    formatField("WARC-Date", new Date(at).toISOString()) +
    formatField("WARC-Filename", oneLine(filename)) +
    formatField("WARC-Block-Digest", digestBytes(block)) +
    formatField("Content-Type", "application/warc-fields");
  const head = formatRecordHead(fields, block.length);
  const text = encoder.encode(head);
  const record = new Uint8Array(text.length + block.length + RECORD_END.length);
  record.set(text);
  record.set(block, text.length);
  record.set(encoder.encode(RECORD_END), text.length + block.length);
  return record;
}

/** A text without what would end a line. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is replaced
  return text.replace(/[\x00-\x1f\x7f]+/g, " ");
}
