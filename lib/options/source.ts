/**
 * Which requests are made.
 *
 * @module
 */
import { findByEnding } from "../cli/file_endings.ts";
import { UsageError } from "../errors.ts";
import { isJsonText } from "../http/content_type.ts";
import { addSchemeToTemplate } from "../source/default_scheme.ts";
import { INPUT_FORMAT_NAMES, INPUT_FORMATS } from "../source/formats.ts";
import { MAX_INPUTS } from "../source/item.ts";
import { findFileName } from "../source/remote_path.ts";
import type { InputOptions, RunOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";

const PER_FILE = "write '--input' in front of each file";

/** What is neither a URL nor a template of one. */
const FILE_NAME = /^[^:{]+$/;

/**
 * The URL, or its template; undefined if none is given.
 *
 * @throws {UsageError} If there are several.
 */
export function parseUrl(values: RunValues): string | undefined {
  const { positionals: [url, other] } = values;
  const hasInput = values.get("input").length > 0;
  if (other !== undefined) {
    if (isJsonText(url) || isJsonText(other)) {
      throw new UsageError(
        "JSON stands where a URL should: use '--data JSON' for a body; " +
          "'--json' takes no value, and prints the summary as JSON",
      );
    }
    throw new UsageError(
      `Cannot request more than one URL, and '${other}' is another: ${
        hasInput ? PER_FILE : "use --input for a file of URLs"
      }`,
    );
  }
  // What a pattern of the shell leaves behind, as in `-i *.warc.gz`.
  if (hasInput && url !== undefined && FILE_NAME.test(url) && findByEnding(INPUT_FORMATS, url)) {
    throw new UsageError(`Cannot request '${url}', which is named as an input is: ${PER_FILE}`);
  }
  const scheme = values.get("default-scheme");
  return url === undefined || scheme === undefined ? url : addSchemeToTemplate(url, scheme);
}

/**
 * The inputs and the format of each.
 *
 * @throws {UsageError} If there are too many, or the format is unknown.
 */
export async function parseInputs(values: RunValues): Promise<readonly InputOptions[]> {
  const paths = values.get("input");
  if (paths.length > MAX_INPUTS) {
    throw new UsageError(
      `Cannot read ${paths.length} inputs: use at most ${MAX_INPUTS}, or put them in one file`,
    );
  }
  if (paths.length === 0) return [];
  const format = values.get("input-format");
  const { COMPRESSED_ENDINGS } = await import("../unpack/compressions.ts");
  return paths.map((path) => ({
    path,
    format: format ?? findByEnding(INPUT_FORMATS, findFileName(path), COMPRESSED_ENDINGS) ??
      INPUT_FORMAT_NAMES[0],
  }));
}

/**
 * How many numbers are requested, by default without a bound where an input or a duration is one.
 *
 * @returns from 1 to Infinity
 * @throws {UsageError} If a number could not be told from the next.
 */
export function parseRequests(values: RunValues): number {
  const isBounded = values.has("input") || values.has("duration") || values.has("stages");
  const requests = values.get("requests") ?? (isBounded ? Infinity : 1);
  if (requests !== Infinity && values.get("start") > Number.MAX_SAFE_INTEGER - requests) {
    throw new UsageError(
      `Cannot count ${requests} requests from '--start ${values.texts("start")[0]}' on: ` +
        `the numbers end at ${Number.MAX_SAFE_INTEGER}: use a smaller one`,
    );
  }
  return requests;
}

/**
 * Which of the records or numbers are requested, and in which order; and how many requests that makes.
 *
 * @param requests how many numbers there are, or how many requests of an input are made at most
 * @throws {UsageError} If a share is less than one request.
 */
export async function parseOrder(
  values: RunValues,
  { inputs, requests }: Pick<RunOptions, "inputs" | "requests">,
): Promise<Pick<RunOptions, "order" | "requests">> {
  const isShuffled = values.get("shuffle");
  const share = values.get("sample");
  if (!isShuffled && share === undefined) return { order: undefined, requests };
  const seed = values.get("seed");
  // An input tells only at its end how many records a share of it has.
  const count = inputs.length > 0 || share === undefined
    ? requests
    : new (await import("../source/sample.ts")).Sample(share, seed).countBelow(requests);
  if (count === 0) {
    const [text] = values.texts("sample");
    throw new UsageError(
      `Cannot take '--sample ${text}' of ${requests} requests: that is less than one: ` +
        "use a larger share",
    );
  }
  const order = { isShuffled, share, seed, first: values.get("start"), count };
  return { order, requests: count };
}
