import { digestBytes } from "./digest.ts";
import { createRecordId, formatField, formatRecordHead } from "./record_head.ts";

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

/** The head and the block of a `warcinfo` record (ISO 28500:2017 §6.2). */
export function formatWarcInfo(
  { filename, software, command, at }: WarcInfo,
): { readonly head: string; readonly block: Uint8Array } {
  const block = new TextEncoder().encode([
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
  return { head: formatRecordHead(fields, block.length), block };
}

/** A text without what would end a line. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is replaced
  return text.replace(/[\x00-\x1f\x7f]+/g, " ");
}
