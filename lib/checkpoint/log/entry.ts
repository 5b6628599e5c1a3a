/**
 * An entry of a run's log: some results, with all that a later run needs to count them and to write
 * their records.
 *
 * ```text
 * mark  CRC-32  id  number  seconds  lengths  │ rows │ records │ failures │ exchanges │ …
 * └──────────── HEAD_BYTES ──────────────────┘└───────────── SECTIONS ──────────────────┘
 * ```
 *
 * The CRC-32 is of everything behind it. Numbers are little-endian, as on every machine that Deno
 * runs on.
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** "MYLG". */
const MARK = 0x474c594d;
/** What an entry has, one behind the other. Rows are those of `rows.ts`. */
export const SECTIONS = [
  "rows",
  "records",
  "failures",
  "exchanges",
  "captures",
  "places",
  "bodies",
] as const;

/** Where the fields of a head are, in bytes. */
const CRC_AT = 4;
const ID_AT = 8;
const NUMBER_AT = 16;
const SECONDS_AT = 24;
const LENGTHS_AT = 32;
/** Bytes before the rows; a multiple of 8, since rows are made of words of that size. */
export const HEAD_BYTES = LENGTHS_AT + 8 * Math.ceil(SECTIONS.length / 2);
/** No entry has more bytes: a longer one was not written by a run. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;

/** A file with a part of exchanges. */
export interface LoggedPart {
  readonly at: number;
  /** Its name behind the prefix of such files. */
  readonly name: string;
  /** In bytes. */
  readonly length: number;
  readonly crc: number;
}

/** The places of exchanges, as the `places` of an entry have them in JSON. */
export interface LoggedPlaces {
  /** What stands for them in the records. */
  readonly mark: string | undefined;
  /** How many bytes the offsets count from before the exchanges. */
  readonly base: number | undefined;
  /** The offset of the last response of each request. */
  readonly responses: readonly number[];
  /** What of the exchanges is in files: which ones, and behind how many of the logged bytes each is. */
  readonly parts: readonly LoggedPart[];
}

/** What an entry is known by. */
export interface EntryHead {
  /** Names the journal that it continues. */
  readonly id: number;
  /** Its number among the entries of its thread, from 1. */
  readonly number: number;
  /** Seconds since the log began. */
  readonly seconds: number;
}

/** The bytes of each section; empty where it has none. */
export type Sections = Readonly<Record<typeof SECTIONS[number], Uint8Array<ArrayBuffer>>>;

/** An entry as it was read. */
export interface Entry extends EntryHead {
  /** Its length in bytes, with its head. */
  readonly length: number;
  readonly sections: Sections;
}

/**
 * Makes the head of an entry whose sections stand behind it.
 *
 * @param bytes the whole entry
 * @param lengths of the sections, in bytes
 */
export function sealEntry(
  bytes: Uint8Array<ArrayBuffer>,
  { id, number, seconds }: EntryHead,
  lengths: readonly number[],
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  view.setUint32(0, MARK, true);
  view.setFloat64(ID_AT, id, true);
  view.setFloat64(NUMBER_AT, number, true);
  view.setFloat64(SECONDS_AT, seconds, true);
  for (let k = 0; k < SECTIONS.length; k++) view.setUint32(LENGTHS_AT + 4 * k, lengths[k], true);
  view.setUint32(CRC_AT, crc32(bytes.subarray(ID_AT)), true);
}

/**
 * Reads the entry at the beginning of some bytes. Nothing of them is trusted before the CRC-32 holds.
 *
 * @returns undefined if there is no whole one
 */
export function openEntry(bytes: Uint8Array<ArrayBuffer>): Entry | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  if (view.getUint32(0, true) !== MARK) return undefined;
  const lengths = SECTIONS.map((_, k) => view.getUint32(LENGTHS_AT + 4 * k, true));
  const length = lengths.reduce((sum, length) => sum + length, HEAD_BYTES);
  if (length > MAX_ENTRY_BYTES || length > bytes.length) return undefined;
  if (view.getUint32(CRC_AT, true) !== crc32(bytes.subarray(ID_AT, length))) return undefined;
  let at = HEAD_BYTES;
  const sections = SECTIONS.map((name, k) => [name, bytes.slice(at, at += lengths[k])]);
  return {
    id: view.getFloat64(ID_AT, true),
    number: view.getFloat64(NUMBER_AT, true),
    seconds: view.getFloat64(SECONDS_AT, true),
    length,
    sections: Object.fromEntries(sections),
  };
}
