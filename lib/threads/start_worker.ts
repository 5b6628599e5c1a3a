/**
 * Starts workers: from the program's source, from a file that `deno bundle` has made of it, or from
 * a compiled program.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";

/** Where this file is in the source. */
const PATH = "/lib/threads/start_worker.ts";

/**
 * Returns the URL of the code that workers run. In a bundle that is the bundle itself: its text is
 * read as a module that is loaded already, for which no permission is needed, and `main.ts` finds
 * that it is in a worker.
 *
 * @throws {UsageError} If the program runs from its source, and may not read it.
 */
export async function findWorkerCode(): Promise<string> {
  const here = new URL(import.meta.url);
  if (!here.pathname.endsWith(PATH)) {
    const { default: text } = await import(import.meta.url, { with: { type: "text" } });
    return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  }
  const folder = new URL("../..", here).pathname;
  if (!Deno.build.standalone && !isGranted({ name: "read", path: decodeURIComponent(folder) })) {
    throw new UsageError(
      `Cannot use '--threads': the workers read the program's source: run with ` +
        `--allow-read=${decodeURIComponent(folder)}, or use a bundle`,
    );
  }
  return new URL("./worker_main.ts", here).href;
}
