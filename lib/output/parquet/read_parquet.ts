/**
 * Reads records of Parquet.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { readMode } from "../../process/fresh_file.ts";
import type { CopyOptions, Position, RecordInput, RecordUse } from "../output.ts";
import type { Value } from "../record.ts";
import { RowScanner } from "../rows/row_scanner.ts";
import { openFile } from "../line_writer.ts";
import { ParquetFile } from "./parquet_file.ts";
import { Part, PART_LIMITS } from "./part.ts";
import { listParts } from "./parts.ts";
import { RowGroup } from "./row_group.ts";

/** Reads the records of a file, and closes it. Further parts of a run are files of their own. */
export async function read(
  input: RecordInput,
  names: readonly string[],
  { take, onFields, isEnough }: RecordUse,
): Promise<void> {
  input.close();
  const { path } = input;
  if (path === "-") {
    throw new UsageError("Cannot read Parquet from standard input: use the name of the file");
  }
  const file = await ParquetFile.open(path);
  try {
    const columns = file.columns.map(({ name }) => name);
    const known = names.filter((name) => columns.includes(name));
    const places = names.map((name) => known.indexOf(name));
    onFields?.((field) => places[field] >= 0);
    const scanner = new RowScanner(names.length);
    for (const group of file.groups.keys()) {
      if (isEnough?.()) break;
      await file.readGroup(group, known, (row) => {
        scanner.setRow(places.map((k) => row[k]));
        take(scanner);
      });
    }
  } finally {
    file.close();
  }
}

/** Copies records of all parts of a run, each of which is whole, into one file. */
export async function copy({ from, to, names, isKept }: CopyOptions): Promise<Position> {
  const mode = await readMode(from);
  const { file } = await openFile(to, { flag: "--retry-failed", mode, isFresh: true });
  const part = new Part(file, `--retry-failed ${to}`);
  const { groupRows, groupBytes } = PART_LIMITS;
  let rows = 0;
  try {
    const scanner = new RowScanner(names.length);
    let columns: ParquetFile["columns"] = [];
    let group: RowGroup | undefined;
    for (const path of await listParts(from)) {
      const source = await ParquetFile.open(path);
      try {
        columns = source.columns;
        const all = columns.map(({ name }) => name);
        const places = names.map((name) => all.indexOf(name));
        const times = [...columns.keys()].filter((k) => columns[k].type === "time");
        for (const k of source.groups.keys()) {
          group ??= new RowGroup(columns);
          await source.readGroup(k, all, (row) => {
            scanner.setRow(places.map((k) => row[k]));
            if (!isKept(scanner)) return;
            rows++;
            for (const k of times) row[k] = toMs(row[k]);
            group!.add(row);
          });
          if (group.rows < groupRows && group.byteLength < groupBytes) continue;
          await part.append(group.end());
          group = undefined;
        }
      } finally {
        source.close();
      }
    }
    if (group !== undefined && group.rows > 0) await part.append(group.end());
    await part.finish(columns);
    return rows;
  } finally {
    part.close();
  }
}

function toMs(time: Value): Value {
  return typeof time === "string" ? Date.parse(time) : time;
}
