import { assert } from "@std/assert";
import { folder } from "../fixtures/folder.ts";
import { myriad } from "../fixtures/program.ts";

const CHILD = `
import { PeakMemory } from ${
  JSON.stringify(new URL("../../lib/process/peak_memory.ts", import.meta.url).href)
};
const peak = new PeakMemory();
const before = peak.kb;
const block = new Uint8Array(Number(Deno.args[0])).fill(1);
console.log(before, peak.kb, block.length);
`;

Deno.test("PeakMemory is the process's own when a larger process started it", async () => {
  // This process has more than its child will.
  const ballast = new Uint8Array(400 << 20).fill(1);
  await using dir = await folder();
  const script = await dir.write("child.ts", CHILD);
  const run = async (bytes: number): Promise<number[]> => {
    const { stdout } = await myriad([`${bytes}`], { script, permissions: [] });
    return stdout.split(" ").map(Number);
  };
  const [before, after] = await run(100 << 20);
  assert(before < 200_000, `${before}`);
  assert(after > before + 90_000 && after < 350_000, `${before} ${after}`);
  assert(ballast.length > 0);
});
