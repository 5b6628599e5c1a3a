/**
 * Reads records of NDJSON.
 *
 * @module
 */
import { readLines } from "../scan/byte_lines.ts";
import { FlatJson } from "../scan/flat_json.ts";
import { copyLines, type LineUse } from "./copy_lines.ts";
import type { CopyOptions, Position, RecordInput } from "./output.ts";

/** Reads the records of an input, each a line, and closes it. */
export async function read(
  input: RecordInput,
  names: readonly string[],
  { take, onUnreadable, isEnough }: LineUse,
): Promise<void> {
  const scanner = new FlatJson(names);
  await readLines(
    input,
    (bytes, from, to) => {
      if (scanner.scan(bytes, from, to)) take(scanner, bytes, from, to);
      else onUnreadable();
    },
    onUnreadable,
    isEnough,
  );
}

/** Copies records, each a line. */
export function copy(options: CopyOptions): Promise<Position> {
  return copyLines(read, options);
}
