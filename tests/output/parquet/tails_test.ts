import { assertEquals } from "@std/assert";
import {
  findTails,
  formatState,
  readRows,
  type TailState,
  toTailPath,
} from "../../../lib/output/parquet/tails.ts";
import { folder } from "../../fixtures/folder.ts";

const NAME = "--output o.parquet";
const STATE: TailState = {
  generation: 3,
  part: 1,
  before: 10,
  groups: [{ rows: 5, metadata: new Uint8Array([1, 2, 255]) }],
  end: 99,
  needsOther: false,
};

Deno.test("findTails() finds the last state, and the rows behind it, whatever a kill has cut off", async () => {
  await using dir = await folder();
  const path = dir.path("o.parquet");
  const find = async (...tails: string[]): Promise<unknown> => {
    for (const [k, text] of tails.entries()) await Deno.writeTextFile(toTailPath(path, k), text);
    const found = await findTails(path, NAME);
    if (found === undefined) return undefined;
    const rows: string[] = [];
    const take = (line: Uint8Array): unknown => rows.push(new TextDecoder().decode(line));
    await readRows(found, found.rows - found.grouped, NAME, take);
    return [found.current, found.grouped, rows.join(""), found.state];
  };
  assertEquals(await findTails(path, NAME), undefined);
  const other = { ...STATE, generation: 4, needsOther: true };
  const later = { ...other, needsOther: false, groups: [...STATE.groups, ...STATE.groups] };
  const first = `${formatState(STATE)}[1]\n[2]\n`;
  assertEquals(await find(first), [0, 15, "[1][2]", STATE]);
  assertEquals(await find(first, ""), [0, 15, "[1][2]", STATE]);
  assertEquals(await find(first, formatState(other).slice(0, -9)), [0, 15, "[1][2]", STATE]);
  const second = `${formatState(other)}[3]\n`;
  assertEquals(await find(first, second), [1, 15, "[1][2][3]", other]);
  assertEquals(await find(second, first), [0, 15, "[1][2][3]", other]);
  assertEquals(await find(first, `${second}${formatState(later)}[4]\n`), [1, 20, "[3][4]", later]);
  const torn = `${second}${formatState(later).slice(0, 40)}`;
  assertEquals(await find(first, torn), [1, 15, "[1][2][3]", other]);
  for (const damaged of ["{}", "[1]\n", formatState(STATE).replace("99", '"99"'), "\0\n"]) {
    assertEquals(await find(damaged, damaged), undefined, damaged);
  }
});
