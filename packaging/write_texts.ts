import config from "../deno.json" with { type: "json" };
import { completions } from "../lib/commands/completions/command.ts";
import { SHELLS } from "../lib/commands/completions/help.ts";
import { man } from "../lib/commands/man/command.ts";

/** The folder of the project. */
export const ROOT: URL = new URL("../", import.meta.url);

/** Removes a folder with all that is in it, if it is there. */
export async function removeFolder(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/**
 * Writes what every package has beside the program: the manual, completions and the license.
 *
 * @param folder is made if it is not there
 */
export async function writeTexts(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/completions`, { recursive: true });
  const page = man([], { version: config.version, date: new Date() });
  await Deno.writeTextFile(`${folder}/myriad.1`, page);
  for (const shell of SHELLS) {
    await Deno.writeTextFile(`${folder}/completions/myriad.${shell}`, completions([shell]));
  }
  await Deno.copyFile(new URL("LICENSE", ROOT), `${folder}/LICENSE`);
}
