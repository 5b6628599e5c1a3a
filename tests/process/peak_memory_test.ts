import { assert } from "@std/assert";

const CHILD = `
import { PeakMemory } from ${
  JSON.stringify(new URL("../../lib/process/peak_memory.ts", import.meta.url).href)
};
const peak = new PeakMemory();
const before = peak.kb;
const block = new Uint8Array(Number(Deno.args[0])).fill(1);
console.log(before, peak.kb, block.length);
`;

Deno.test("PeakMemory is the process's own, though a large one has started it", async () => {
  // This process has more than its child will.
  const ballast = new Uint8Array(400 << 20).fill(1);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, CHILD);
  const run = async (bytes: number): Promise<number[]> => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", file, `${bytes}`],
    }).output();
    return new TextDecoder().decode(stdout).split(" ").map(Number);
  };
  const [before, after] = await run(100 << 20);
  assert(before < 200_000, `${before}`);
  assert(after > before + 90_000 && after < 350_000, `${before} ${after}`);
  await Deno.remove(file);
  assert(ballast.length > 0);
});
