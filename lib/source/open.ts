import { UsageError } from "../errors.ts";
import type { Source } from "../stream.ts";
import type { HeaderList, Target } from "../target.ts";
import { isSecretHeader, withoutUserinfo } from "../text/secrets.ts";
import { CsvReader, toFields } from "./csv.ts";
import { Input } from "./input.ts";
import { InputSource, type InputSourceOptions, NOT_UTF8 } from "./input_source.ts";
import { jsonlTargets } from "./jsonl.ts";
import { isBlank, LineReader, type Lines, OverlongLine } from "./lines.ts";
import { RangeSource, type RequestRange } from "./numbering.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { flagTemplates } from "./request_templates.ts";
import { Rounds } from "./rounds.ts";
import { checkedTarget, checkOrigin, filledTarget, invalidRecord } from "./target.ts";
import { createTargetFactory } from "./target_factory.ts";
import { UrlTemplate } from "./url_template.ts";

/** Options for {@linkcode openSource}. */
export interface SourceOptions extends RequestRange, RequestDefaults {
  /** The URL's template; it may be missing where the input gives URLs. */
  readonly template: string | undefined;
  readonly input: { readonly path: string; readonly format: "lines" | "jsonl" | "csv" } | undefined;
  /** Whether the input begins anew each time it has ended. @default {false} */
  readonly loop?: boolean | undefined;
  /** Whether a CR alone ends no line of it. @default {false} */
  readonly onlyLf?: boolean | undefined;
}

/** Targets, and how far they have come. */
export interface TargetSource extends Source<Target> {
  /** How many there will be; undefined if nobody knows. */
  readonly total?: number | undefined;
  /** Whether all targets are known to be of one host. */
  readonly hasOneHost: boolean;
  /** The share of the input that was read, 0 to 1, where that is known. */
  progress?(): number | undefined;
  /** How many records the input had; undefined until it has ended, and without one. */
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
    if (template === undefined) throw new UsageError("No URL is given: give one");
    refuseFields(template, "without --input there is no record: give {} for the number");
    refuseNames(
      defaults,
      () => false,
      "without --input there is no record, only {} for the number",
    );
    return new RangeSource(template, options, defaults);
  }
  if (input.format === "lines") {
    refuseNames(defaults, () => false, "a line has no fields, only {} for the line");
  }
  if (template !== undefined && input.format !== "jsonl") {
    const isCsv = input.format === "csv";
    if (!isCsv) {
      refuseFields(template, "a line has no fields: give {} for the line, or --input-format");
    }
    if (template.names.length === 0 && defaults.templates === undefined) {
      const [what, place] = isCsv ? ["records", "no {name} of a column"] : ["lines", "no {}"];
      throw new UsageError(
        `Cannot use the ${what} of '--input ${input.path}': the URL has ${place} for them: add it there, to a header or to the body, or leave the URL out`,
      );
    }
  }
  return await openInput(input, template, defaults, options);
}

async function openInput(
  { path, format }: NonNullable<SourceOptions["input"]>,
  template: UrlTemplate | undefined,
  defaults: RequestDefaults,
  options: SourceOptions,
): Promise<TargetSource> {
  const { loop = false, onlyLf } = options;
  const name = `--input ${path}`;
  const input = await Input.open(path);
  try {
    if (loop && !input.isRepeatable) {
      throw new UsageError(
        `Cannot use '--loop' with '${name}': a pipe or device is read once: put it in a file`,
      );
    }
    const open = (): LineReader | CsvReader => {
      const lines = new LineReader(input, { onlyLf });
      return format === "csv" ? new CsvReader(lines) : lines;
    };
    const records = open();
    const again = (): Lines => {
      input.rewind();
      return open();
    };
    let of = defaults;
    let make: InputSourceOptions["make"];
    if (records instanceof CsvReader) {
      const header = await csvHeader(records, path, template);
      refuseNames(of, (name) => header.has(name), `'${name}' has only ${readColumns(header)}`);
      if ([...header.keys()].some(isSecretHeader)) of = withStandIn(of, options);
      make = csvTargets(header, template ?? UrlTemplate.parse("{url}"), of);
    } else make = (format === "jsonl" ? jsonlTargets : lineTargets)(template, of);
    return new InputSource(loop ? new Rounds(records, again) : records, {
      input,
      name,
      hasHeader: format === "csv",
      // A record of JSONL leads to another host where it is resolved against the URL.
      hasOneHost: template?.isOriginFixed === true &&
        (format !== "jsonl" || template.names.length > 0),
      numbers: options,
      defaults: of,
      make,
    });
  } catch (error) {
    input.close();
    throw error;
  }
}

/** The template, and the run's headers with the credentials that it held, if it always had them. */
function parseUrlTemplate(
  options: SourceOptions,
): { template: UrlTemplate | undefined; defaults: RequestDefaults } {
  const { template: text, method, headers, body, templates, input } = options;
  const template = text === undefined ? undefined : UrlTemplate.parse(text);
  const given = { method, headers, body, templates };
  const defaults = holdsSecrets(template, given) ? withStandIn(given, options) : given;
  if (template === undefined) return { template, defaults };
  // A base is resolved with its credentials, since a record can lead to another origin.
  const isBase = input?.format === "jsonl" && template.names.length === 0;
  if (!template.isOriginFixed) {
    checkBeginning(template.start, headers, text);
    return { template, defaults };
  }
  const origin = checkOrigin(template.start, headers, text);
  if (isBase || origin.url === template.start) return { template, defaults };
  const bare = template.withStart(origin.url);
  return { template: bare, defaults: { ...defaults, headers: origin.headers } };
}

/** Whether what records hold becomes credentials, as far as the templates can tell. */
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

function withStandIn(defaults: RequestDefaults, { template = "" }: SourceOptions): RequestDefaults {
  return { ...defaults, redactedUrl: withoutUserinfo(template) };
}

/**
 * Refuses what no placeholder can make a URL any more.
 *
 * @throws {UsageError} If so.
 */
function checkBeginning(start: string, headers: HeaderList, whole: string | undefined): void {
  const isOne = /^https?:\/\//i.test(start) ||
    ["http://", "https://"].some((scheme) => scheme.startsWith(start.toLowerCase()));
  // It is none, and this says so in the same words as of others.
  if (!isOne) checkOrigin(start, headers, whole);
}

function refuseFields(template: UrlTemplate, why: string): void {
  const name = template.names.find((name) => name !== "");
  if (name !== undefined) {
    const shown = template.isCredential(name) ? "what stands before the '@'" : `'{${name}}'`;
    throw new UsageError(`Cannot fill ${shown} of the URL: ${why}`);
  }
}

/**
 * Refuses placeholders of header fields and the body that no record can fill. By their place,
 * since what looks like a name can be a piece of a secret.
 *
 * @throws {UsageError} If there is one.
 */
function refuseNames(
  { templates }: RequestDefaults,
  isThere: (name: string) => boolean,
  why: string,
): void {
  if (templates === undefined) return;
  for (const { flag, template } of flagTemplates(templates)) {
    const wrong = template.placeholders.find(({ name }) => name !== "" && !isThere(name));
    if (wrong === undefined) continue;
    throw new UsageError(
      `Cannot fill the placeholder at character ${wrong.at} of '${flag}': ${why}: ` +
        "for braces as they are, write {{name}}",
    );
  }
}

function lineTargets(
  template: UrlTemplate | undefined,
  defaults: RequestDefaults,
): (i: number, line: string) => Target {
  const make = createTargetFactory(
    template?.isOriginFixed ? filledTarget : checkedTarget,
    defaults,
  );
  if (template === undefined) {
    return defaults.templates === undefined
      ? (i, line) => checkedTarget(i, line, defaults)
      : (i, line) => make(i, line, line.trim());
  }
  return (i, line) => {
    const value = line.trim();
    return make(i, template.expandOne(value), value);
  };
}

/** The names of the columns, by place. */
async function csvHeader(
  records: CsvReader,
  path: string,
  template: UrlTemplate | undefined,
): Promise<Map<string, number>> {
  let step = await records.next();
  while (!step.done && isBlank(step.value)) step = await records.next();
  const fail = (why: string): never => {
    throw new UsageError(`Cannot read '--input ${path}': ${why}`);
  };
  if (step.done) return fail("it is empty: its first record has to name the columns");
  const fields = step.value instanceof OverlongLine
    ? "it is longer than 1 MiB"
    : toFields(step.value);
  if (typeof fields === "string") return fail(`its first record names no columns: ${fields}`);
  if (!fields.every((field) => field.isWellFormed())) fail(`its first record is ${NOT_UTF8}`);
  const header = new Map<string, number>();
  for (const [place, field] of fields.entries()) {
    const name = field.trim();
    if (name === "") fail(`column ${place + 1} has no name: give it one`);
    if (header.has(name)) fail(`two columns have the name '${name}': rename one`);
    header.set(name, place);
  }
  const wanted = template?.names ?? ["url"];
  const missing = wanted.find((name) => name !== "" && !header.has(name));
  if (missing !== undefined) {
    fail(
      `it has no column ${template?.quote(missing) ?? `'${missing}'`}: it has ${
        readColumns(header)
      }`,
    );
  }
  return header;
}

function readColumns(header: Map<string, number>): string {
  return [...header.keys()].join(", ").slice(0, 500);
}

function csvTargets(
  header: Map<string, number>,
  template: UrlTemplate,
  defaults: RequestDefaults,
): (i: number, record: string) => Target {
  const make = createTargetFactory(template.isOriginFixed ? filledTarget : checkedTarget, defaults);
  return (i, record) => {
    const fields = toFields(record);
    if (typeof fields === "string") return invalidRecord(i, record, fields, defaults);
    if (fields.length !== header.size) {
      const why = `the record has ${fields.length} fields, and the header ${header.size}`;
      return invalidRecord(i, record, why, defaults);
    }
    const lookup = (name: string): string => name === "" ? record : fields[header.get(name)!];
    return make(i, (template.expand(lookup) as { url: string }).url, record, lookup);
  };
}
