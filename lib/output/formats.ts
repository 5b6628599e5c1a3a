/**
 * The formats of `--output`. A new one is a row here and a file of its own: the command line, its
 * help, a run, `--resume`, `--retry-failed`, `report` and `verify` take what they need from its row.
 *
 * @module
 */
import type { OutputFormat } from "./output.ts";

const OPEN_BRACE = 0x7b;
const PARQUET_MAGIC = new TextEncoder().encode("PAR1");
const SQLITE_MAGIC = new TextEncoder().encode("SQLite format 3\0");

const ROWS = {
  ndjson: {
    title: "NDJSON",
    endings: ["ndjson", "jsonl", "json"],
    hasColumns: false,
    isText: true,
    begins: (start) => start[0] === OPEN_BRACE,
    loadWriter: () => import("./ndjson.ts"),
    loadReader: () => import("./read_ndjson.ts"),
  },
  parquet: {
    title: "Parquet",
    endings: ["parquet"],
    hasColumns: true,
    isText: false,
    listParts: async (path) => (await import("./parquet/parts.ts")).listParts(path),
    begins: (start) => PARQUET_MAGIC.every((byte, k) => start[k] === byte),
    loadWriter: () => import("./parquet/write_parquet.ts"),
    loadReader: () => import("./parquet/read_parquet.ts"),
  },
  sqlite: {
    title: "SQLite",
    endings: ["sqlite", "sqlite3", "db"],
    hasColumns: true,
    isText: false,
    isDatabase: true,
    // https://sqlite.org/fileformat.html#the_database_header
    begins: (start) => SQLITE_MAGIC.every((byte, k) => start[k] === byte),
    loadWriter: () => import("./sqlite/write_sqlite.ts"),
    loadReader: () => import("./sqlite/read_sqlite.ts"),
  },
  // CSV comes last, because any text can be its header.
  csv: {
    title: "CSV",
    endings: ["csv"],
    hasColumns: true,
    isText: true,
    begins: () => true,
    loadWriter: () => import("./csv.ts"),
    loadReader: () => import("./read_csv.ts"),
  },
} satisfies Record<string, OutputFormat>;

/** What `--format` takes. */
export type OutputFormatName = keyof typeof ROWS;

/** The formats by name; the first is that of files with an ending of no format. */
export const OUTPUT_FORMATS: Readonly<Record<OutputFormatName, OutputFormat>> = ROWS;

/** Their names, in the order in which a file is tried by each. */
export const OUTPUT_FORMAT_NAMES = Object.keys(OUTPUT_FORMATS) as readonly OutputFormatName[];

/** The formats in words, for help texts: `NDJSON, Parquet or CSV`. */
export function listOutputFormats(): string {
  return OUTPUT_FORMAT_NAMES.map((name) => OUTPUT_FORMATS[name].title).join(", ")
    .replace(/, (?=[^,]*$)/, " or ");
}

/** What follows the name of an output in the names of files that stand beside it during its run. */
const BESIDE = /^(?:\.myriad(?:\..*)?|\.retry|\.rows(?:\d|\.tmp)|-(?:wal|shm|journal))$/s;
/** A name in two parts, as `parquet/parts.ts` puts the number of a part between them. */
const STEM_AND_ENDING = /^(.*?[^/\\])(\.[^./\\]*)?$/s;

/** Whether a path is that of a file which a run makes for an output, of whatever format it is. */
export function isDerivedFromOutput(output: string, path: string): boolean {
  if (path.startsWith(output) && BESIDE.test(path.slice(output.length))) return true;
  const [, stem, ending = ""] = STEM_AND_ENDING.exec(output) ?? [];
  if (stem === undefined || !path.startsWith(stem) || !path.endsWith(ending)) return false;
  return /^\.\d{4,}$/.test(path.slice(stem.length, path.length - ending.length));
}
