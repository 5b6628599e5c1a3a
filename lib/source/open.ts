import { UsageError } from "../errors.ts";
import type { Source } from "../stream.ts";
import type { HeaderList, Target } from "../target.ts";
import { isSecretHeader, withoutUserinfo } from "../text/secrets.ts";
import { INPUT_FORMATS, type InputFormatName } from "./formats.ts";
import { Input } from "./input.ts";
import type { InputFormat } from "./input_format.ts";
import { InputSource } from "./input_source.ts";
import { LineReader, type Lines } from "./lines.ts";
import { RangeSource, type RequestRange } from "./numbering.ts";
import { refuseFields, refuseNames } from "./placeholders.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { Rounds } from "./rounds.ts";
import { checkOrigin } from "./target.ts";
import { UrlTemplate } from "./url_template.ts";

/** Options for {@linkcode openSource}. */
export interface SourceOptions extends RequestRange, RequestDefaults {
  /** The URL's template; undefined where the input has whole URLs. */
  readonly template: string | undefined;
  readonly input: { readonly path: string; readonly format: InputFormatName } | undefined;
  /** Whether the input starts over each time it has ended. @default {false} */
  readonly loop?: boolean | undefined;
  /** Whether only LF and CRLF end a line of it. @default {false} */
  readonly onlyLf?: boolean | undefined;
}

/** Targets, and how far they have come. */
export interface TargetSource extends Source<Target> {
  /** How many there will be; undefined where that is not known. */
  readonly total?: number | undefined;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
  /** The share of the input that was read, 0 to 1, where that is known. */
  progress?(): number | undefined;
  /** How many records the input had; undefined before its end, and without an input. */
  readonly ended?: number | undefined;
  return(): unknown;
}

/**
 * Opens the source of a run's targets.
 *
 * @throws {UsageError} If the template or the input is wrong, or one does not fit the other.
 */
export async function openSource(options: SourceOptions): Promise<TargetSource> {
  const { input } = options;
  const { template, defaults } = parseUrlTemplate(options);
  if (input === undefined) {
    if (template === undefined) throw new UsageError("No URL is given: add one");
    refuseFields(template, "without --input there is no record: use {} for the number");
    refuseNames(
      defaults,
      () => false,
      "without --input there is no record, only {} for the number",
    );
    return new RangeSource(template, options, defaults);
  }
  const format = INPUT_FORMATS[input.format];
  const { unit, hasFields, resolvesUrls } = format;
  if (!hasFields) {
    refuseNames(defaults, () => false, `a ${unit} has no fields, only {} for the ${unit}`);
  }
  if (template !== undefined && !resolvesUrls) {
    if (!hasFields) {
      refuseFields(template, `a ${unit} has no fields: use {} for the ${unit}, or --input-format`);
    }
    if (template.names.length === 0 && defaults.templates === undefined) {
      const place = hasFields ? "no {name} of a column" : "no {}";
      throw new UsageError(
        `Cannot use the ${unit}s of '--input ${input.path}': the URL has ${place} for them: add it there, to a header or to the body, or leave the URL out`,
      );
    }
  }
  return await openInput(input.path, format, template, defaults, options);
}

async function openInput(
  path: string,
  format: InputFormat,
  template: UrlTemplate | undefined,
  defaults: RequestDefaults,
  options: SourceOptions,
): Promise<TargetSource> {
  const { loop = false, onlyLf } = options;
  const name = `--input ${path}`;
  const { readRecords, openTargets } = await format.load();
  const input = await Input.open(path);
  try {
    if (loop && !input.isRepeatable) {
      throw new UsageError(
        `Cannot use '--loop' with '${name}': a pipe or device is read once: put it in a file`,
      );
    }
    const begin = (): Lines => readRecords(new LineReader(input, { onlyLf }));
    const records = begin();
    const again = (): Lines => {
      input.rewind();
      return begin();
    };
    const redactedUrl = withoutUserinfo(options.template ?? "");
    const targets = await openTargets(records, { path, template, defaults, redactedUrl });
    return new InputSource(loop ? new Rounds(records, again) : records, {
      input,
      name,
      hasHeader: format.hasHeader,
      // A record's own URL can lead to another host.
      hasOneHost: template?.isOriginFixed === true &&
        (!format.resolvesUrls || template.names.length > 0),
      numbers: options,
      ...targets,
    });
  } catch (error) {
    input.close();
    throw error;
  }
}

/** The template, and the defaults; credentials in a fixed origin become a header field. */
function parseUrlTemplate(
  options: SourceOptions,
): { template: UrlTemplate | undefined; defaults: RequestDefaults } {
  const { template: text, method, headers, body, templates, input } = options;
  const template = text === undefined ? undefined : UrlTemplate.parse(text);
  const given = { method, headers, body, templates };
  const defaults = holdsSecrets(template, given)
    ? { ...given, redactedUrl: withoutUserinfo(options.template ?? "") }
    : given;
  if (template === undefined) return { template, defaults };
  // A base is resolved with its credentials, since a record can lead to another origin.
  const isBase = input !== undefined && INPUT_FORMATS[input.format].resolvesUrls &&
    template.names.length === 0;
  if (!template.isOriginFixed) {
    checkBeginning(template.start, headers, text);
    return { template, defaults };
  }
  const origin = checkOrigin(template.start, headers, text);
  if (isBase || origin.url === template.start) return { template, defaults };
  const bare = template.withStart(origin.url);
  return { template: bare, defaults: { ...defaults, headers: origin.headers } };
}

/** Whether values of records become credentials, as far as the templates tell. */
function holdsSecrets(template: UrlTemplate | undefined, { templates }: RequestDefaults): boolean {
  if (template?.hasCredentials || template?.names.some(isSecretHeader)) return true;
  if (templates === undefined) return false;
  for (const [field, { placeholders }] of templates.headers) {
    if (isSecretHeader(field[0]) || placeholders.some(({ name }) => isSecretHeader(name))) {
      return true;
    }
  }
  return templates.body?.placeholders.some(({ name }) => isSecretHeader(name)) ?? false;
}

/**
 * Checks that values of placeholders can make a URL of a template's beginning.
 *
 * @throws {UsageError} If they cannot.
 */
function checkBeginning(start: string, headers: HeaderList, whole: string | undefined): void {
  const isOne = /^https?:\/\//i.test(start) ||
    ["http://", "https://"].some((scheme) => scheme.startsWith(start.toLowerCase()));
  // This says so in the same words as for a URL without placeholders.
  if (!isOne) checkOrigin(start, headers, whole);
}
