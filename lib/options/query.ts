/**
 * Data that becomes the query of the URL, as with curl's `-G`.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { INPUT_FORMATS } from "../source/formats.ts";
import type { TemplatePart } from "../source/text_template.ts";
import { UrlTemplate } from "../source/url_template.ts";
import { decodeText, type GivenBody } from "./body.ts";
import type { InputOptions } from "./run_options.ts";

/** Braces of the URL's template, its placeholders, and what ends its path or its query. */
const TOKEN = /\{\{|\}\}|\{[^{}]*\}|[?#]/g;
/** What would end the query, or cannot stand in a URL. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x20\x7f#]/g;

/**
 * The template of a URL with data added to its query.
 *
 * @throws {UsageError} If the URLs of the run are not made by this template, or the data cannot stand
 * in a URL.
 */
export function addQuery(
  url: string | undefined,
  inputs: readonly InputOptions[],
  data: GivenBody,
): string {
  const isBase = inputs.some(({ format }) => INPUT_FORMATS[format].resolvesUrls);
  if (url === undefined || isBase && UrlTemplate.parse(url).names.length === 0) {
    throw new UsageError(
      "Cannot use '--get' with URLs of the input: add a URL with a placeholder for them, such as '{}'",
    );
  }
  const tokens = Array.from(url.matchAll(TOKEN));
  const fragment = tokens.find(([token]) => token === "#")?.index ?? url.length;
  const hasQuery = tokens.some(({ 0: token, index }) => token === "?" && index < fragment);
  const start = url.slice(0, fragment);
  const sign = hasQuery ? /[?&]$/.test(start) ? "" : "&" : "?";
  return start + sign + toQuery(data) + url.slice(fragment);
}

/** The query as a URL's template has it. */
function toQuery(data: GivenBody): string {
  const parts: readonly TemplatePart[] = data.parts ??
    [decodeText(data.bytes, "the file of '--data' in the URL")];
  return parts.map((part) => {
    if (typeof part === "string") {
      return part.replaceAll(UNSAFE, encodeURIComponent).replaceAll(/[{}]/g, "$&$&");
    }
    const { name, isRaw, value } = part;
    if (value !== undefined) {
      throw new UsageError(
        "Cannot use {env:NAME} with '--get': records show the URL, and the value can be a secret: " +
          "use it in a header or in the body",
      );
    }
    // A name of the URL's template cannot begin with a filter.
    return `{${isRaw ? "+" : ""}${name.startsWith("|") ? "line" : ""}${name}}`;
  }).join("");
}
