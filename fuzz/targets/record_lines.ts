import { parse } from "@std/csv/parse";
import { read as readCsv } from "../../lib/output/read_csv.ts";
import { read as readNdjson } from "../../lib/output/read_ndjson.ts";
import { NAMES, RunRecord } from "../../lib/commands/report/run_record.ts";
import { RecordTally } from "../../lib/commands/report/record_tally.ts";
import {
  ABSENT,
  DECIMAL,
  INTEGER,
  integerAt,
  NULL,
  numberAt,
  type ScannedFields,
} from "../../lib/scan/scanner.ts";
import { findCompression } from "../../lib/unpack/compressions.ts";
import { openPieces, readInPiecesLater } from "../pieces.ts";
import { attempt, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

const RECORD =
  '{"i":0,"url":"http://h/\\u00e4","status":200,"ms":1.234,"bytes":5,"attempts":1,"at":"2026-01-01T00:00:00.000Z"}';

export const target: FuzzTarget = {
  reads:
    "records of NDJSON and CSV in pieces, as report takes them, against JSON.parse and @std/csv",
  seeds: [
    `j${RECORD}\n${RECORD}\r\n`,
    'j{"status":null,"error":"timeout","detail":"a\\"b","url":null,"ms":1e3,"x":{"y":[1]}}\n',
    'j{"status" : 200 , "ms":0.5,"status":404}\n{}\n[]\n{"status":true}\n{"\\u0073tatus":200}\n',
    "cstatus,ms,url,at,i\n200,1.5,http://h/,2026-01-01T00:00:00.000Z,0\n",
    'curl,status\n"a""b\r\nc",200\n\'=x,\n"x"y,200\n',
  ],
  tokens: [
    '"status":',
    '"ms":',
    '"error":',
    "null",
    "1e3",
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "\\u0022",
    "{",
    "}",
    "9007199254740993",
  ],

  async run(input) {
    const isJson = input[0] === 0x6a;
    const bytes = input.subarray(1);
    const outcome = await readInPiecesLater(bytes, async (pieces) => {
      const record = new RunRecord();
      const tally = new RecordTally(5);
      let unreadable = 0;
      let taken = 0;
      const rows: unknown[] = [];
      await (isJson ? readNdjson : readCsv)(openPieces(pieces), NAMES, {
        take: (scanner) => {
          rows.push(NAMES.map((_, field) => valueOf(scanner, field)));
          if (!record.take(scanner as never)) return;
          taken++;
          tally.add(record);
        },
        onUnreadable: () => void unreadable++,
      });
      return { rows, taken, unreadable, summary: tally.review().summary };
    });
    holdEqual(outcome.summary.requests, outcome.taken, "requests are miscounted");
    if (findCompression(bytes) !== undefined) return "compressed";
    if (isJson) compareJson(decode(bytes), outcome.rows);
    else compareCsv(decode(bytes), outcome.rows);
    return JSON.stringify(outcome);
  },
};

function valueOf(scanner: ScannedFields, field: number): unknown {
  const kind = scanner.kinds[field];
  if (kind === ABSENT) return undefined;
  if (kind === NULL) return null;
  if (kind === INTEGER) return integerAt(scanner, field);
  if (kind === DECIMAL) return numberAt(scanner, field);
  return scanner.text(field);
}

/** Each line that is an object of JSON is a row, with the values that it has. */
function compareJson(text: string, rows: readonly unknown[]): void {
  if (text.includes("\ufffd") || text.includes("\ufeff")) return;
  const expected = text.split("\n").flatMap((line) => {
    const read = attempt(() => JSON.parse(line), SyntaxError);
    const isObject = "value" in read && typeof read.value === "object" && read.value !== null;
    return isObject && !Array.isArray(read.value) ? [read.value as Record<string, unknown>] : [];
  });
  // Escapes and numbers of fields that nobody asks for are not checked: more can be rows.
  hold(rows.length >= expected.length, "a line of JSON is not read");
  if (rows.length > expected.length) return;
  for (const [k, row] of (rows as unknown[][]).entries()) {
    for (const [field, name] of NAMES.entries()) {
      const value = Object.hasOwn(expected[k], name) ? expected[k][name] : undefined;
      if (typeof value === "string" && typeof row[field] === "string") {
        holdEqual(row[field], value.isWellFormed() ? value : row[field], "a text differs");
      } else if (Number.isSafeInteger(value) && (value as number) >= 0) {
        holdEqual(row[field], value, "a number differs");
      } else if (value === null || value === undefined) {
        holdEqual(row[field], value, "a null differs");
      }
    }
  }
}

function compareCsv(text: string, rows: readonly unknown[]): void {
  if (/\r|\ufffd|\ufeff|\n\s*\n|^\s|\n\s+$/.test(text)) return;
  const expected = attempt(() => parse(text) as string[][], Error);
  if ("error" in expected || expected.value.length === 0) return;
  const [header, ...records] = expected.value;
  if (rows.length !== records.length || new Set(header).size < header.length) return;
  for (const [k, row] of (rows as unknown[][]).entries()) {
    for (const [field, name] of NAMES.entries()) {
      const column = header.indexOf(name);
      if (column < 0 || typeof row[field] !== "string") continue;
      holdEqual(row[field], records[k][column].replace(/^'(?=[=+\-@\t\r])/, ""), "a text differs");
    }
  }
}
