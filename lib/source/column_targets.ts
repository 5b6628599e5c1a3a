/**
 * Targets of records whose first one names the columns, as CSV and TSV have them.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Target } from "../target.ts";
import { isSecretHeader } from "../text/secrets.ts";
import type { InputContext, RecordContext, RecordTargets } from "./input_format.ts";
import type { Lookup } from "./lookup.ts";
import { nameInputs } from "./input_names.ts";
import { type Lines, OverlongLine } from "./lines.ts";
import { refuseNames } from "./placeholders.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { filledTarget, invalidRecord, NOT_UTF8 } from "./target.ts";
import { createTargetFactory, type TargetMaker } from "./target_factory.ts";
import { isComputed, type TemplateFunctions } from "./template_functions.ts";
import { UrlTemplate } from "./url_template.ts";

/** The fields of a record; or what is wrong with it, in words. */
export type ToFields = (record: string) => readonly string[] | string;

/**
 * The names of the columns, by place.
 *
 * @throws {UsageError} If the header is wrong, or lacks a column that a template names.
 */
export async function readColumns(
  records: Lines,
  { path, template, defaults, isSkipped }: InputContext,
  toFields: ToFields,
): Promise<readonly string[]> {
  const columns = await readHeader(records, { path, template, isSkipped }, toFields);
  refuseNames(
    defaults,
    (name) => columns.includes(name),
    `'${nameInputs([{ path }])}' has only ${listColumns(columns)}`,
  );
  return columns;
}

/** How targets are made of the records under a header. */
export function openRecords(
  { template, defaults, columns, redactedUrl, check, functions }: RecordContext,
  toFields: ToFields,
): RecordTargets {
  const of = columns.some(isSecretHeader) ? { ...defaults, redactedUrl } : defaults;
  const filled = template ?? UrlTemplate.parse("{url}");
  const make = createTargetFactory(filled.isOriginFixed ? filledTarget : check, of);
  return {
    make: toMaker(columns, { template: filled, make, toFields, functions }, of),
    defaults: of,
  };
}

async function readHeader(
  records: Lines,
  { path, template, isSkipped }: Pick<InputContext, "path" | "template" | "isSkipped">,
  toFields: ToFields,
): Promise<string[]> {
  let step = await records.next();
  while (!step.done && isSkipped(step.value)) step = await records.next();
  const fail = (why: string): never => {
    throw new UsageError(`Cannot read '${nameInputs([{ path }])}': ${why}`);
  };
  if (step.done) return fail("it is empty: its first record has to name the columns");
  const fields = step.value instanceof OverlongLine
    ? "it is longer than 1 MiB"
    : toFields(step.value);
  if (typeof fields === "string") return fail(`its first record names no columns: ${fields}`);
  if (!fields.every((field) => field.isWellFormed())) fail(`its first record is ${NOT_UTF8}`);
  const columns: string[] = [];
  const seen = new Set<string>();
  for (const [place, field] of fields.entries()) {
    const name = field.trim();
    if (name === "") fail(`column ${place + 1} has no name: add one`);
    if (seen.has(name)) fail(`two columns have the name '${name}': rename one`);
    seen.add(name);
    columns.push(name);
  }
  const wanted = template?.names ?? ["url"];
  const missing = wanted.find((name) =>
    name !== "" && !seen.has(name) && !isComputed(name, (name) => seen.has(name))
  );
  if (missing !== undefined) {
    fail(
      `it has no column ${template?.quote(missing) ?? `'${missing}'`}: it has ${
        listColumns(columns)
      }`,
    );
  }
  return columns;
}

function listColumns(columns: readonly string[]): string {
  return columns.join(", ").slice(0, 500);
}

function toMaker(
  columns: readonly string[],
  { template, make, toFields, functions }: {
    readonly template: UrlTemplate;
    readonly make: TargetMaker;
    readonly toFields: ToFields;
    readonly functions: TemplateFunctions | undefined;
  },
  defaults: RequestDefaults,
): (i: number, record: string) => Target {
  const header = new Map(columns.map((name, place) => [name, place]));
  return (i, record) => {
    const fields = toFields(record);
    if (typeof fields === "string") return invalidRecord(i, record, fields, defaults);
    if (fields.length !== header.size) {
      const why = `the record has ${fields.length} fields, and the header ${header.size}`;
      return invalidRecord(i, record, why, defaults);
    }
    const ofRecord: Lookup = (name) => name === "" ? record : fields[header.get(name)!];
    const lookup = functions === undefined ? ofRecord : functions.at(i, ofRecord);
    return make(i, template.fill(lookup), record, lookup);
  };
}
