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
import { isPackedStats, type PackedStats } from "../stats/packed_stats.ts";
import { isCount, isShape } from "../text/json_shape.ts";
import { parse } from "./codec.ts";
import { DamagedError } from "./damaged_error.ts";
import { MAX_SLICE, MAX_STORED_BYTES } from "./messages.ts";
import { countRuns, isRuns } from "./number_runs.ts";

/** What came of one slice. */
export interface Part {
  /** The numbers that have a result, as in a slice. */
  readonly runs: readonly number[];
  readonly stats: PackedStats;
  /** Whole gzip members; empty for an output that the run does not have. */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly failures: Uint8Array<ArrayBuffer>;
}

interface Header extends Pick<Part, "runs" | "stats"> {
  /** How many bytes the records have. */
  readonly records: number;
}

const LENGTH_BYTES = 4;
/** The maximum number of bytes of a part: with its seal it can be stored as one. */
const MAX_PART_BYTES = MAX_STORED_BYTES - 1024 ** 2;
/** The maximum number of bytes of a header. */
const MAX_HEADER_BYTES = 32 * 1024 * 1024;

const isHeader = isShape({
  runs: (value) => isRuns(value, MAX_SLICE),
  stats: isPackedStats,
  records: isCount,
});

/** @throws {OutputError} If it is longer than what can be stored as one. */
export function encodePart({ runs, stats, records, failures }: Part): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(
    JSON.stringify({ runs, stats, records: records.length } satisfies Header),
  );
  const at = LENGTH_BYTES + header.length;
  const length = at + records.length + failures.length;
  if (length > MAX_PART_BYTES) {
    throw new OutputError(
      `Cannot store what came of a slice: it has more than ${MAX_PART_BYTES / 2 ** 20} MiB: ` +
        "submit the run with a smaller --slice",
    );
  }
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, LENGTH_BYTES);
  bytes.set(records, at);
  bytes.set(failures, at + records.length);
  return bytes;
}

/**
 * Reads a part. Whether its numbers are those of the slice, and its members gzip, is left to others.
 *
 * @throws {DamagedError} If the bytes are not a part whose statistics count as many requests as it
 * has numbers.
 */
export function decodePart(bytes: Uint8Array<ArrayBuffer>): Part {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < LENGTH_BYTES ? Infinity : view.getUint32(0);
  const at = LENGTH_BYTES + length;
  const header = at > bytes.length || length > MAX_HEADER_BYTES
    ? undefined
    : parse(bytes.subarray(LENGTH_BYTES, at), isHeader) as Header | undefined;
  if (
    header === undefined || at + header.records > bytes.length ||
    header.stats.requests !== countRuns(header.runs)
  ) {
    throw new DamagedError("A part of the run on the bus is damaged");
  }
  const { runs, stats, records } = header;
  return {
    runs,
    stats,
    records: bytes.slice(at, at + records),
    failures: bytes.slice(at + records),
  };
}
