/**
 * Targets of sitemaps, each of whose URLs is a record.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Input } from "./input.ts";
import type { ReadOptions } from "./input_format.ts";
import type { InputLines, Lines } from "./lines.ts";
import { SitemapReader } from "./sitemap_reader.ts";

export { openRecords } from "./line_targets.ts";

/** An index leads to other files. */
export const isSequential = true;

/** @throws {UsageError} If lines are to be comments. */
export function readRecords(
  input: Pick<Input, "read" | "close">,
  { name, comments }: ReadOptions,
): InputLines {
  if (comments) {
    throw new UsageError(
      `Cannot use '--comments' with '${name}': a sitemap has comments of XML: leave it out`,
    );
  }
  return new SitemapReader(input, { name, canBeIndex: true });
}

/** @throws {UsageError} If it is not a sitemap. */
export async function readColumns(records: Lines): Promise<readonly string[]> {
  await (records as SitemapReader).begin();
  return [];
}
