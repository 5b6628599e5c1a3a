/**
 * Targets of records of CSV, whose first one names the columns.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Target } from "../target.ts";
import { isSecretHeader } from "../text/secrets.ts";
import { CsvReader, toFields } from "./csv.ts";
import type { InputContext, RecordTargets } from "./input_format.ts";
import { NOT_UTF8 } from "./input_source.ts";
import { isBlank, type LineReader, type Lines, OverlongLine } from "./lines.ts";
import { refuseNames } from "./placeholders.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { checkedTarget, filledTarget, invalidRecord } from "./target.ts";
import { createTargetFactory } from "./target_factory.ts";
import { UrlTemplate } from "./url_template.ts";

/** A record can go over several lines. */
export function readRecords(lines: LineReader): Lines {
  return new CsvReader(lines);
}

/**
 * How targets are made of the records under a header, which this reads.
 *
 * @throws {UsageError} If the header is wrong, or lacks a column that a template names.
 */
export async function openTargets(
  records: Lines,
  { path, template, defaults, redactedUrl }: InputContext,
): Promise<RecordTargets> {
  const header = await readHeader(records, path, template);
  refuseNames(
    defaults,
    (name) => header.has(name),
    `'--input ${path}' has only ${listColumns(header)}`,
  );
  const of = [...header.keys()].some(isSecretHeader) ? { ...defaults, redactedUrl } : defaults;
  return { make: toMaker(header, template ?? UrlTemplate.parse("{url}"), of), defaults: of };
}

/** The names of the columns, by place. */
async function readHeader(
  records: Lines,
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
    if (name === "") fail(`column ${place + 1} has no name: add one`);
    if (header.has(name)) fail(`two columns have the name '${name}': rename one`);
    header.set(name, place);
  }
  const wanted = template?.names ?? ["url"];
  const missing = wanted.find((name) => name !== "" && !header.has(name));
  if (missing !== undefined) {
    fail(
      `it has no column ${template?.quote(missing) ?? `'${missing}'`}: it has ${
        listColumns(header)
      }`,
    );
  }
  return header;
}

function listColumns(header: Map<string, number>): string {
  return [...header.keys()].join(", ").slice(0, 500);
}

function toMaker(
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
