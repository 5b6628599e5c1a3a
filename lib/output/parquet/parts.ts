/**
 * The files of an output of Parquet. A file that is whole takes no record any more, so that a run
 * that goes on does so in another one: `results.parquet`, `results.0001.parquet`, …
 *
 * @module
 */

/** The path of a part. @param part from 0, which is the output itself */
export function toPartPath(path: string, part: number): string {
  if (part === 0) return path;
  const [, stem, ending = ""] = /^(.*?[^/\\])(\.[^./\\]*)?$/s.exec(path)!;
  return `${stem}.${`${part}`.padStart(4, "0")}${ending}`;
}

/** The paths of the parts that are there, in their order; the output itself is always the first. */
export async function listParts(path: string): Promise<string[]> {
  const paths = [path];
  for (;;) {
    const next = toPartPath(path, paths.length);
    try {
      await Deno.stat(next);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return paths;
      throw error;
    }
    paths.push(next);
  }
}
