/**
 * The formats of `--input`. A new one is a row here and a file of its own: the command line, its
 * help, a run and its messages take what they need from its row.
 *
 * @module
 */
import type { InputFormat } from "./input_format.ts";

const ROWS = {
  lines: {
    endings: [],
    unit: "line",
    hasFields: false,
    resolvesUrls: false,
    hasOwnExpectations: false,
    hasOwnRequests: false,
    load: () => import("./line_targets.ts"),
  },
  jsonl: {
    endings: ["jsonl", "ndjson"],
    unit: "record",
    hasFields: true,
    resolvesUrls: true,
    hasOwnExpectations: true,
    hasOwnRequests: true,
    load: () => import("./jsonl_targets.ts"),
  },
  csv: {
    endings: ["csv"],
    unit: "record",
    hasFields: true,
    resolvesUrls: false,
    hasOwnExpectations: false,
    hasOwnRequests: false,
    load: () => import("./csv_targets.ts"),
  },
  tsv: {
    endings: ["tsv", "tab"],
    unit: "record",
    hasFields: true,
    resolvesUrls: false,
    hasOwnExpectations: false,
    hasOwnRequests: false,
    load: () => import("./tsv_targets.ts"),
  },
  sitemap: {
    endings: ["xml"],
    unit: "URL",
    hasFields: false,
    resolvesUrls: false,
    hasOwnExpectations: false,
    hasOwnRequests: false,
    load: () => import("./sitemap_targets.ts"),
  },
  warc: {
    endings: ["warc"],
    unit: "URL",
    hasFields: false,
    resolvesUrls: false,
    hasOwnExpectations: false,
    hasOwnRequests: false,
    load: () => import("./warc_targets.ts"),
  },
} satisfies Record<string, InputFormat>;

/** What `--input-format` takes. */
export type InputFormatName = keyof typeof ROWS;

/** The formats by name; the first is that of files with an ending of no format. */
export const INPUT_FORMATS: Readonly<Record<InputFormatName, InputFormat>> = ROWS;

/** Their names, in the order of the table. */
export const INPUT_FORMAT_NAMES = Object.keys(INPUT_FORMATS) as readonly InputFormatName[];
