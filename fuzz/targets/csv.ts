import { parse } from "@std/csv/parse";
import { toFields } from "../../lib/source/csv.ts";
import { readInput } from "../read_input.ts";
import { attempt, decode, type FuzzTarget, hold, holdEqual } from "../target.ts";

export const target: FuzzTarget = {
  reads: "inputs of CSV, in pieces, against @std/csv",
  seeds: [
    "id,name\n1,a\n2,b\n",
    'id,"na ""me"\r\n1,"a\r\nb"\r\n"2","x,y"',
    "\ufeffid\n\n1\n# no\n",
    'id,x\n"1,2\n3,4\n',
    'id\n1"2\n"a"b\n',
  ],
  tokens: ['"', '""', ",", "\n", "\r\n", "\r", '",', ',"', "#", "id"],

  async run(input) {
    const result = await readInput(input, "csv", { template: "http://h/{id}?q={id}" });
    if ("error" in result) return result.error;
    const text = decode(input);
    const { records } = result.value;
    const isValid = records.every((record) => typeof toFields(record) !== "string");
    // The other parser takes no CR alone for the end of a line, and skips lines in another way.
    const isPlain = !/\r|\ufffd|^\s|\n\s*\n|\n\s+$/.test(text);
    if (isValid && isPlain) {
      const expected = attempt(() => parse(text) as string[][], Error);
      const rows = records.map(toFields);
      if ("value" in expected) {
        holdEqual(rows, expected.value.slice(1), "@std/csv reads something else");
      } else {hold(
          /number of fields|field count/.test(expected.error),
          `refused: ${expected.error}`,
        );}
    }
    return JSON.stringify(result.value);
  },
};
