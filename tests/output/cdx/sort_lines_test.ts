import { assertEquals, assertRejects } from "@std/assert";
import { sortLines } from "../../../lib/output/cdx/sort_lines.ts";
import { folder } from "../../fixtures/folder.ts";

/** Sorts lines in runs of so many bytes, so many at once. */
async function sort(
  lines: readonly string[],
  { maxRunBytes, maxMerged }: { readonly maxRunBytes: number; readonly maxMerged: number },
): Promise<{ sorted: string; files: string[] }> {
  await using dir = await folder();
  await Deno.writeTextFile(dir.path("in"), lines.map((line) => `9 ${line}\n`).join(""));
  await sortLines(dir.path("in"), dir.path("out"), {
    scratch: [dir.path("1"), dir.path("2")],
    mode: 0o600,
    toLine: (line) => line.slice(2),
    maxRunBytes,
    maxMerged,
  });
  const files = [...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort();
  return { sorted: await Deno.readTextFile(dir.path("out")), files };
}

Deno.test("sortLines() sorts by bytes, in one run, in many, and in many passes", async () => {
  const lines = Array.from({ length: 500 }, (_, k) => `${k * 7919 % 500} ${"x".repeat(k % 9)}`);
  lines.push("", "~", "A", "a", "A", `${"long ".repeat(30_000)}`);
  const expected = lines.toSorted().map((line) => `${line}\n`).join("");
  for (const maxRunBytes of [1, 100, 1e9]) {
    for (const maxMerged of [2, 3, 1000]) {
      const { sorted, files } = await sort(lines, { maxRunBytes, maxMerged });
      assertEquals(sorted, expected);
      assertEquals(files, ["in", "out"]);
    }
  }
});

Deno.test("sortLines() makes an empty file of one", async () => {
  assertEquals((await sort([], { maxRunBytes: 10, maxMerged: 2 })).sorted, "");
});

Deno.test("sortLines() leaves no scratch file where it fails", async () => {
  await using dir = await folder();
  await Deno.writeTextFile(dir.path("in"), "b\na\n");
  await Deno.mkdir(dir.path("out"));
  const scratch = [dir.path("1"), dir.path("2")] as const;
  const toLine = (): string => {
    throw new Error("no line");
  };
  for (const options of [{}, { toLine }]) {
    await assertRejects(() =>
      sortLines(dir.path("in"), dir.path("out"), { scratch, mode: 0o600, ...options })
    );
  }
  assertEquals([...Deno.readDirSync(dir.path(""))].map(({ name }) => name).sort(), ["in", "out"]);
});
