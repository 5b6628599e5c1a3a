import { assert, assertEquals } from "@std/assert";
import { InputError } from "../../lib/errors.ts";
import { Input } from "../../lib/source/input.ts";
import { LineReader } from "../../lib/source/lines.ts";
import { folder } from "../fixtures/folder.ts";
import { isInstalled } from "../fixtures/installed.ts";

/** A text of several blocks of each format, of which some lines are like others and some not. */
const TEXT = Array.from(
  { length: 8_000 },
  (_, k) => `http://h/${k}/${k * 48271 % 2147483647}${k % 9 ? "" : "aaaaaaaaaaaaaaaaa"}\n`,
).join("");

/** What makes a file of a format from `list.txt`, and what its name ends in. */
const TOOLS: readonly [format: string, command: string, args: readonly string[], ending: string][] =
  [
    ["zstd", "zstd", ["-q", "list.txt"], "txt.zst"],
    ["zstd", "zstd", ["-q", "-19", "list.txt"], "txt.zst"],
    ["xz", "xz", ["-k0", "--block-size=64KiB", "list.txt"], "txt.xz"],
    ["bzip2", "bzip2", ["-k1", "list.txt"], "txt.bz2"],
    ["zip", "zip", ["-q", "list.zip", "list.txt"], "zip"],
    ["zip", "zip", ["-q0", "list.zip", "list.txt"], "zip"],
  ];

/** The packages that bring the tools, where they have other names. */
const DEBIAN: Readonly<Record<string, string>> = { xz: "xz-utils" };

/** What a reader of lines gives, up to the end or a fault. */
async function read(path: string): Promise<{ text: string; failure: unknown }> {
  const lines = new LineReader(await Input.open(path));
  let text = "";
  try {
    for (let step; !(step = await lines.next()).done;) text += `${step.value}\n`;
    return { text, failure: undefined };
  } catch (failure) {
    return { text, failure };
  } finally {
    lines.return();
  }
}

for (const [format, command, args, ending] of TOOLS) {
  const test = isInstalled(command, DEBIAN[command]) ? Deno.test : Deno.test.ignore;
  test(`Input reads what '${[command, ...args].join(" ")}' makes, and tells where it breaks off`, async () => {
    await using dir = await folder();
    await dir.write("list.txt", TEXT);
    const { success } = await new Deno.Command(command, { args: [...args], cwd: dir.path(".") })
      .output();
    assert(success);
    const bytes = await Deno.readFile(dir.path(`list.${ending}`));
    const packed = await dir.write("packed", bytes);
    assert((await read(packed)).text === TEXT);

    // Cut short, all before the cut is given, and the end is never taken for whole.
    const cut = await read(await dir.write("cut", bytes.slice(0, bytes.length * 0.75)));
    assert(TEXT.startsWith(cut.text) && cut.text.length > 0);
    assertEquals(
      (cut.failure as Error).message,
      `Cannot read '--input ${
        dir.path("cut")
      }' to its end: the input broke off (its ${format} data is cut short): make it whole`,
    );

    // Damage anywhere is told, or harms nothing.
    for (let k = 1; k <= 4; k++) {
      const damaged = bytes.slice();
      damaged[Math.floor(k * bytes.length / 5)] ^= 1 << k % 8;
      const { text, failure } = await read(await dir.write("damaged", damaged));
      assert(failure instanceof InputError || text === TEXT, `at ${k}: ${failure}`);
    }
  });

  if (format === "zip") continue;
  test(`Input reads several ${format} files in one, from ${args[0]}`, async () => {
    await using dir = await folder();
    await dir.write("list.txt", "1\n2\n");
    await new Deno.Command(command, { args: [...args], cwd: dir.path(".") }).output();
    const bytes = await Deno.readFile(dir.path(`list.${ending}`));
    const both = await read(await dir.write("both", new Uint8Array([...bytes, ...bytes])));
    assertEquals(both, { text: "1\n2\n1\n2\n", failure: undefined });
    const { text, failure } = await read(
      await dir.write(
        "other",
        new Uint8Array([...bytes, ...new TextEncoder().encode("and more, longer than a head")]),
      ),
    );
    assertEquals(text, "1\n2\n");
    assertEquals(
      (failure as Error).message,
      `Cannot read '--input ${
        dir.path("other")
      }' to its end: something that is not ${format} follows its ${format} data: remove that`,
    );
  });
}
