/**
 * How the targets of a run are made of its items. What that takes is known before the first item,
 * and is the same for each thread.
 *
 * @module
 */
import type { HeaderList, Target } from "../target.ts";
import { isSecretHeader, withoutUserinfo } from "../text/secrets.ts";
import { INPUT_FORMATS, type InputFormatName } from "./formats.ts";
import type { InputColumns, Item, MakeTarget } from "./item.ts";
import type { OrderOptions } from "./order.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import {
  type checkedTarget,
  checkOrigin,
  invalidRecord,
  NOT_UTF8,
  trustedTarget,
} from "./target.ts";
import { createCheck, type Scheme } from "./default_scheme.ts";
import { showPath } from "./remote_path.ts";
import { flagTemplates } from "./request_templates.ts";
import { createTargetFactory, toLookup } from "./target_factory.ts";
import { TemplateFunctions, withoutFilters } from "./template_functions.ts";
import { UrlTemplate } from "./url_template.ts";

/** An input of a run. */
export interface NamedInput {
  readonly path: string;
  readonly format: InputFormatName;
}

/** What the targets of a run are made from. */
export interface TargetOptions extends RequestDefaults {
  /** The URL's template; undefined where the input has whole URLs. */
  readonly template: string | undefined;
  /** The inputs whose records make targets; empty where numbers do. */
  readonly inputs: readonly NamedInput[];
  /** What a URL gets in front that has no scheme; undefined to leave it as it is. */
  readonly defaultScheme?: Scheme | undefined;
  /** The random part of the run: what is drawn for a request depends on it. */
  readonly seed: string;
  /** Which records or numbers are requested, and in which order; undefined for all in their order. */
  readonly order?: OrderOptions | undefined;
}

/**
 * Tells how targets are made.
 *
 * @param columns what the headers of the inputs have
 * @throws {UsageError} If the template is wrong.
 */
export async function openMaker(
  options: TargetOptions,
  columns: InputColumns,
): Promise<MakeTarget> {
  const { inputs } = options;
  const check = createCheck(options.defaultScheme);
  if (inputs.length === 0) {
    const { template, defaults } = parseUrlTemplate(options, undefined);
    const functions = await TemplateFunctions.open(listNames(template, defaults), options.seed);
    const make = toNumberMaker(template!, defaults, { functions, check });
    const { order } = options;
    if (order === undefined) return make;
    const { createNumberOrder } = await import("./order.ts");
    const toNumber = createNumberOrder(order);
    return (item) => make(item, toNumber(item.i));
  }
  const makers = await Promise.all(
    inputs.map((input, k) => toRecordMaker(options, input, columns[k] ?? [])),
  );
  return makers.length === 1 ? makers[0] : (item) => makers[item.input](item);
}

async function toRecordMaker(
  options: TargetOptions,
  { path, format }: NamedInput,
  columns: readonly string[],
): Promise<MakeTarget> {
  const { template, defaults } = parseUrlTemplate(options, format);
  const { openRecords } = await INPUT_FORMATS[format].load();
  const redactedUrl = withoutUserinfo(options.template ?? "");
  const functions = await TemplateFunctions.open(listNames(template, defaults), options.seed);
  const { make, defaults: of } = openRecords({
    template,
    defaults,
    functions,
    columns,
    redactedUrl,
    check: createCheck(options.defaultScheme),
  });
  const place = options.inputs.length > 1 ? ` of '${showPath(path)}'` : "";
  return ({ i, record, line }) => {
    const target = typeof record !== "string"
      ? invalidRecord(i, record.start, "longer than 1 MiB", of)
      : record.isWellFormed()
      ? make(i, record)
      : invalidRecord(i, record, NOT_UTF8, of);
    if (target.invalid === undefined) return target;
    return { ...target, invalid: `line ${line}${place}: ${target.invalid}` };
  };
}

/** What stands between the braces of all templates. */
export function listNames(
  template: UrlTemplate | undefined,
  { templates }: RequestDefaults,
): string[] {
  const texts = templates === undefined ? [] : flagTemplates(templates);
  return [
    ...template?.names ?? [],
    ...texts.flatMap(({ template: { placeholders } }) => placeholders.map(({ name }) => name)),
  ];
}

/**
 * Makes targets of numbers: that of the item, or another one. A template's fixed origin has been
 * checked.
 */
function toNumberMaker(
  template: UrlTemplate,
  defaults: RequestDefaults,
  { functions, check }: {
    readonly functions: TemplateFunctions | undefined;
    readonly check: typeof checkedTarget;
  },
): (item: Pick<Item, "i">, number?: number) => Target {
  const make = createTargetFactory(
    template.isOriginFixed ? trustedTarget : check,
    defaults,
  );
  if (functions !== undefined) {
    return ({ i }, number = i) => {
      const text = `${number}`;
      const lookup = functions.at(number, toLookup(text));
      return make(i, template.fill(lookup), text, lookup);
    };
  }
  return ({ i }, number = i) => {
    const text = `${number}`;
    return make(i, template.expandOne(text), text);
  };
}

/**
 * The template, and the defaults; credentials in a fixed origin become a header field.
 *
 * @param format that of the records; undefined where numbers make targets
 * @throws {UsageError} If the template is wrong.
 */
export function parseUrlTemplate(
  options: TargetOptions,
  format: InputFormatName | undefined,
): { template: UrlTemplate | undefined; defaults: RequestDefaults } {
  const { template: text, method, headers, body, templates } = options;
  const template = text === undefined ? undefined : UrlTemplate.parse(text);
  const given = { method, headers, body, templates };
  const defaults = holdsSecrets(template, given)
    ? { ...given, redactedUrl: withoutUserinfo(options.template ?? "") }
    : given;
  if (template === undefined) return { template, defaults };
  // A base is resolved with its credentials, since a record can lead to another origin.
  const isBase = format !== undefined && INPUT_FORMATS[format].resolvesUrls &&
    template.names.length === 0;
  if (!template.isOriginFixed) {
    if (options.defaultScheme === undefined) checkBeginning(template.start, headers, text);
    return { template, defaults };
  }
  const origin = checkOrigin(template.start, headers, text);
  if (isBase || origin.url === template.start) return { template, defaults };
  const bare = template.withStart(origin.url);
  return { template: bare, defaults: { ...defaults, headers: origin.headers } };
}

/** Whether values of records become credentials, as far as the templates tell. */
function holdsSecrets(template: UrlTemplate | undefined, { templates }: RequestDefaults): boolean {
  if (template?.hasCredentials || template?.names.some(isSecretName)) return true;
  if (templates === undefined) return false;
  if (templates.headers.keys().some(([name]) => isSecretHeader(name))) return true;
  return flagTemplates(templates).some(({ template: { placeholders } }) =>
    placeholders.some(({ name }) => isSecretName(name))
  );
}

function isSecretName(name: string): boolean {
  return isSecretHeader(withoutFilters(name));
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
