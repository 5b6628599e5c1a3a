/**
 * The records of a slice, as they are stored: JSON, compressed.
 *
 * @module
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { type Line, OverlongLine } from "../source/lines.ts";

/** Records in the order of the numbers of their slice. */
export interface RecordTexts {
  readonly texts: readonly string[];
  /** The line of each in the input, from 1. */
  readonly lines: readonly number[];
  /** Which of them, from 0, are the starts of records that are too long. */
  readonly overlong: readonly number[];
}

export function encodeBlock(block: RecordTexts): Uint8Array<ArrayBuffer> {
  return gzipSync(JSON.stringify(block)) as Uint8Array<ArrayBuffer>;
}

export function decodeBlock(bytes: Uint8Array): RecordTexts {
  return JSON.parse(new TextDecoder().decode(gunzipSync(bytes)));
}

export function readRecord({ texts, overlong }: RecordTexts, place: number): Line {
  return overlong.includes(place) ? new OverlongLine(texts[place]) : texts[place];
}
