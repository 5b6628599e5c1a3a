/**
 * Records as CSV.
 *
 * @module
 */
import type { Result } from "../result.ts";
import { escapeForTerminal } from "../text/escape.ts";
import { LineOutput } from "./line_output.ts";
import type { FormatOptions, Output, RecordOptions } from "./output.ts";
import { DEFAULT_FIELDS, toTextColumns } from "./record.ts";

/** Opens an output of CSV, which begins with a header. */
export function open(options: RecordOptions): Output {
  const { header, format } = createCsvFormatter(options);
  return new LineOutput(options, format, header);
}

/** Makes records without the header. */
export function createFormatter(options: FormatOptions): (result: Result) => string {
  return createCsvFormatter(options).format;
}

/**
 * Makes records as CSV (RFC 4180, except that lines end in LF); null is empty. CSV has no escapes of
 * its own, so that texts stand in it unchanged, unless it goes to a terminal.
 */
export function createCsvFormatter(
  { fields = DEFAULT_FIELDS, captures, isForTerminal, thread = 0 }: FormatOptions,
): { header: string; format: (result: Result) => string } {
  const columns = toTextColumns(fields, captures).map(({ of }) => of);
  return {
    header: fields.join(",") + "\n",
    format: (result) => {
      let record = "";
      for (let k = 0; k < columns.length; k++) {
        if (k > 0) record += ",";
        const value = columns[k](result, thread);
        if (typeof value === "string") {
          record += toCsv(isForTerminal ? escapeForTerminal(value) : value);
        } else if (value !== null) record += value;
      }
      // Readers pass over an empty line.
      return `${record === "" ? '""' : record}\n`;
    },
  };
}

/**
 * A spreadsheet takes text that begins so for a formula. What a server sent must not become one: a
 * leading apostrophe makes it text (OWASP, "CSV Injection").
 */
const FORMULA = /^[=+\-@\t\r]/;

function toCsv(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
