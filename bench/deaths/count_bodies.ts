import type { Faults } from "./count.ts";
import type { Record } from "./records.ts";

/**
 * Each record's body is in its file, whole, and no other file is there.
 *
 * @param said what the server said to a request, each time
 */
export async function checkBodies(
  folder: string,
  records: readonly Record[],
  said: (record: Record) => string[],
  faults: Faults,
): Promise<void> {
  const files = new Set<string>();
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (!isDirectory) files.add(name);
    else {for (const file of Deno.readDirSync(`${folder}/${name}`)) {
        files.add(`${name}/${file.name}`);
      }}
  }
  for (const record of records) {
    const { i, status, bodyFile } = record;
    faults.unless((status === null) === (bodyFile === null), "a body has no file", () => `${i}`);
    if (bodyFile === null) continue;
    faults.unless(files.delete(bodyFile), "a file of a body is missing", () => bodyFile);
    const text = await Deno.readTextFile(`${folder}/${bodyFile}`).catch(() => undefined);
    faults.unless(
      text !== undefined && said(record).includes(text),
      "a body is not whole",
      () => bodyFile,
    );
  }
  for (const file of files) faults.unless(false, "a file of a body is left behind", () => file);
}
