import { PeekedInput } from "../source/peeked_input.ts";
import { OUTPUT_FORMAT_NAMES, OUTPUT_FORMATS } from "./formats.ts";
import type { RecordInput, RecordUse } from "./output.ts";

/**
 * Reads the records of a run, in whichever format they are, and closes the input. The first line
 * tells the format.
 *
 * @param names the fields to find, which are then known by their place
 * @throws {InputError} If the input breaks off.
 */
export async function scanRecords(
  input: RecordInput,
  names: readonly string[],
  use: RecordUse,
): Promise<void> {
  try {
    const peeked = await PeekedInput.open(input);
    const { firstLine } = peeked;
    const name = OUTPUT_FORMAT_NAMES.find((name) => OUTPUT_FORMATS[name].begins(firstLine))!;
    const { read } = await OUTPUT_FORMATS[name].loadReader();
    await read(peeked, names, use);
  } finally {
    input.close();
  }
}
