/**
 * The formats of `--output`. A new one is a row here and a file of its own: the command line, its
 * help, a run, `--resume`, `--retry-failed`, `report` and `verify` take what they need from its row.
 *
 * @module
 */
import { createCsvFormatter } from "./csv.ts";
import { LineOutput } from "./line_output.ts";
import { createNdjsonFormatter } from "./ndjson.ts";
import type { OutputFormat } from "./output.ts";

const OPEN_BRACE = 0x7b;

const ROWS = {
  ndjson: {
    endings: ["ndjson", "jsonl", "json"],
    hasColumns: false,
    begins: (start) => start[0] === OPEN_BRACE,
    open: (options) => new LineOutput(options, createNdjsonFormatter(options)),
    loadReader: () => import("./read_ndjson.ts"),
  },
  // Any text can be the header of CSV, so that it comes last.
  csv: {
    endings: ["csv"],
    hasColumns: true,
    begins: () => true,
    open: (options) => {
      const { header, format } = createCsvFormatter(options);
      return new LineOutput(options, format, header);
    },
    loadReader: () => import("./read_csv.ts"),
  },
} satisfies Record<string, OutputFormat>;

/** What `--format` takes. */
export type OutputFormatName = keyof typeof ROWS;

/** The formats by name; the first is that of files with an ending of no format. */
export const OUTPUT_FORMATS: Readonly<Record<OutputFormatName, OutputFormat>> = ROWS;

/** Their names, in the order in which a file is tried by each. */
export const OUTPUT_FORMAT_NAMES = Object.keys(OUTPUT_FORMATS) as readonly OutputFormatName[];

/** The formats in words, for help texts: `NDJSON or CSV`. */
export function listOutputFormats(): string {
  return OUTPUT_FORMAT_NAMES.map((name) => name.toUpperCase()).join(" or ");
}
