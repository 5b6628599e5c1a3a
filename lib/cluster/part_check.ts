import type { RunOptions } from "../options/run_options.ts";
import { countRecords } from "../output/count_records.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import type { EncodedRecords } from "../output/record_encoder.ts";
import { gunzip } from "./codec.ts";
import { DamagedError } from "./damaged_error.ts";
import { countRuns } from "./number_runs.ts";
import type { Part } from "./part.ts";

/** The maximum number of bytes of a slice's records that are not compressed. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024;

/** What came of a slice, checked. */
export interface CheckedPart extends Pick<Part, "runs" | "stats"> {
  readonly records: EncodedRecords | undefined;
  readonly failures: EncodedRecords | undefined;
}

/**
 * Holds the texts of a part against its numbers: there has to be a record for each. All lines have to
 * be whole.
 *
 * @param output that of the run; undefined without an output of records
 * @throws {DamagedError} If they are not whole.
 */
export function checkPart(
  { runs, stats, records, failures }: Part,
  output: RunOptions["output"],
): CheckedPart {
  const texts = unpack(records);
  const failureLines = unpack(failures);
  if (output !== undefined) {
    const { hasColumns, isText } = OUTPUT_FORMATS[output.format];
    // A row is a line: a line break in a text is escaped there.
    if (countRecords(texts, hasColumns && isText) !== countRuns(runs)) {
      throw new DamagedError("A part of the run on the bus has not as many records as numbers");
    }
  }
  // The next one would go on in the line of its last.
  if (countRecords(failureLines, false) === undefined) {
    throw new DamagedError("A part of the run on the bus has failures that are cut off");
  }
  return {
    runs,
    stats,
    records: output?.gzip === true && records.length > 0
      ? { bytes: records, isPacked: true }
      : toEncoded(texts),
    failures: toEncoded(failureLines),
  };
}

function unpack(members: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return members.length === 0 ? members : gunzip(members, MAX_TEXT_BYTES);
}

function toEncoded(bytes: Uint8Array<ArrayBuffer>): EncodedRecords | undefined {
  return bytes.length === 0 ? undefined : { bytes, isPacked: false };
}
