/**
 * The records of a slice, as they are stored: JSON, compressed.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { type Line, MAX_LINE, OverlongLine } from "../source/lines.ts";
import { type Check, isCount, isList, isShape } from "../text/json_shape.ts";
import { gunzip, parse } from "./codec.ts";
import { DamagedError } from "./damaged_error.ts";
import { MAX_SLICE } from "./messages.ts";

/** Records in the order of the numbers of their slice. */
export interface RecordTexts {
  readonly texts: readonly string[];
  /** The line of each in its input, from 1. */
  readonly lines: readonly number[];
  /** Which of them, from 0, are the starts of records that are too long. */
  readonly overlong: readonly number[];
  /** The input of each, from 0; empty where all are of the first one. */
  readonly inputs: readonly number[];
}

/** The maximum number of bytes of a block that is not compressed: a cutter ends a slice long before. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Half the time of the usual level of 6, for 1 % more bytes. */
const GZIP_LEVEL = 3;

const isText: Check = (value) => typeof value === "string" && value.length <= MAX_LINE;
const isBlock = isShape({
  texts: isList(isText, MAX_SLICE),
  lines: isList(isCount, MAX_SLICE),
  overlong: isList(isCount, MAX_SLICE),
  inputs: isList(isCount, MAX_SLICE),
});

export function encodeBlock(block: RecordTexts): Uint8Array<ArrayBuffer> {
  return gzipSync(JSON.stringify(block), { level: GZIP_LEVEL }) as Uint8Array<ArrayBuffer>;
}

/**
 * @param count how many records the slice has
 * @param inputs how many inputs the run has
 * @throws {DamagedError} If the bytes are not a block of so many.
 */
export function decodeBlock(bytes: Uint8Array, count: number, inputs: number): RecordTexts {
  const block = parse(gunzip(bytes, MAX_BYTES), isBlock) as RecordTexts | undefined;
  const isWhole = block?.texts.length === count && block.lines.length === count &&
    (block.inputs.length === 0 || block.inputs.length === count) &&
    block.inputs.every((input) => input < inputs);
  if (isWhole) return block;
  throw new DamagedError("Records of the run on the bus are damaged");
}

export function readRecord({ texts, overlong }: RecordTexts, place: number): Line {
  return overlong.includes(place) ? new OverlongLine(texts[place]) : texts[place];
}
