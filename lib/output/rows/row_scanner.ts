import { ABSENT, NULL, numberKind, OTHER, PLAIN, type RecordScanner } from "../../scan/scanner.ts";
import type { Value } from "../record.ts";

const FIRST_BYTES = 4 * 1024;
/** The maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UNIT_BYTES = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Shows a row as scanners show a line, to what reads records of any format. */
export class RowScanner implements RecordScanner {
  readonly isTyped = true;
  /** The values of the row as text, one behind the other; it grows to the longest row. */
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  /** @param fields how many fields are looked for */
  constructor(fields: number) {
    this.kinds = new Uint8Array(fields);
    this.starts = new Int32Array(fields);
    this.ends = new Int32Array(fields);
  }

  /**
   * Takes the next row.
   *
   * @param values those of the fields that are looked for, in their order; undefined for a field that
   * the rows do not have. A time is a text of ISO 8601.
   */
  setRow(values: readonly (Value | undefined)[]): void {
    let at = 0;
    for (let k = 0; k < values.length; k++) {
      const value = values[k];
      this.starts[k] = at;
      if (value === undefined || value === null) {
        this.kinds[k] = value === null ? NULL : ABSENT;
      } else {
        const from = at;
        at = this.#append(String(value), at);
        this.kinds[k] = typeof value === "number"
          ? numberKind(this.bytes, from, at)
          : typeof value === "string"
          ? PLAIN
          : OTHER;
      }
      this.ends[k] = at;
    }
  }

  #append(text: string, at: number): number {
    const needed = at + MAX_UNIT_BYTES * text.length;
    if (needed > this.bytes.length) {
      const bytes = new Uint8Array(2 * needed);
      bytes.set(this.bytes.subarray(0, at));
      this.bytes = bytes;
    }
    return at + encoder.encodeInto(text, this.bytes.subarray(at)).written;
  }

  text(field: number): string {
    return decoder.decode(this.bytes.subarray(this.starts[field], this.ends[field]));
  }
}
