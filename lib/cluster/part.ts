/**
 * A part: what came of one slice, as bytes.
 *
 * ```text
 * length of the header, 4 bytes │ header, JSON │ records, gzip members │ failures, gzip members
 * ```
 *
 * @module
 */
import { OutputError } from "../errors.ts";
import type { StatsState } from "../stats/stats.ts";

/** What came of one slice. */
export interface Part {
  /** The numbers that have a result, as in a slice. */
  readonly runs: readonly number[];
  readonly stats: StatsState;
  /** Whole gzip members; empty for an output that the run does not have. */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly failures: Uint8Array<ArrayBuffer>;
}

interface Header {
  readonly runs: readonly number[];
  readonly stats: StatsState;
  /** How many bytes the records have. */
  readonly records: number;
}

const LENGTH_BYTES = 4;

export function encodePart({ runs, stats, records, failures }: Part): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(
    JSON.stringify({ runs, stats, records: records.length } satisfies Header),
  );
  const at = LENGTH_BYTES + header.length;
  const bytes = new Uint8Array(at + records.length + failures.length);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, LENGTH_BYTES);
  bytes.set(records, at);
  bytes.set(failures, at + records.length);
  return bytes;
}

/** @throws {OutputError} If the bytes are not a part. */
export function decodePart(bytes: Uint8Array<ArrayBuffer>): Part {
  const length = bytes.length < LENGTH_BYTES ? Infinity : new DataView(bytes.buffer).getUint32(0);
  const at = LENGTH_BYTES + length;
  if (at > bytes.length) throw new OutputError("A part is not whole");
  const { runs, stats, records }: Header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, at)),
  );
  return {
    runs,
    stats,
    records: bytes.slice(at, at + records),
    failures: bytes.slice(at + records),
  };
}
