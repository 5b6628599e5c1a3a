/**
 * Targets of records of CSV, whose first one names the columns.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Target } from "../target.ts";
import { isSecretHeader } from "../text/secrets.ts";
import { CsvReader, toFields } from "./csv.ts";
import type { Input } from "./input.ts";
import type { InputContext, ReadOptions, RecordContext, RecordTargets } from "./input_format.ts";
import { isBlank, LineReader, type Lines, OverlongLine } from "./lines.ts";
import { refuseNames } from "./placeholders.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { checkedTarget, filledTarget, invalidRecord, NOT_UTF8 } from "./target.ts";
import { createTargetFactory } from "./target_factory.ts";
import { UrlTemplate } from "./url_template.ts";

/** A record can go over several lines. */
export function readRecords(
  input: Pick<Input, "read" | "close">,
  options: ReadOptions,
): Lines {
  return new CsvReader(new LineReader(input, options));
}

/**
 * The names of the columns, by place.
 *
 * @throws {UsageError} If the header is wrong, or lacks a column that a template names.
 */
export async function readColumns(
  records: Lines,
  { path, template, defaults }: InputContext,
): Promise<readonly string[]> {
  const columns = await readHeader(records, path, template);
  refuseNames(
    defaults,
    (name) => columns.includes(name),
    `'--input ${path}' has only ${listColumns(columns)}`,
  );
  return columns;
}

/** How targets are made of the records under a header. */
export function openRecords(
  { template, defaults, columns, redactedUrl }: RecordContext,
): RecordTargets {
  const of = columns.some(isSecretHeader) ? { ...defaults, redactedUrl } : defaults;
  return { make: toMaker(columns, template ?? UrlTemplate.parse("{url}"), of), defaults: of };
}

async function readHeader(
  records: Lines,
  path: string,
  template: UrlTemplate | undefined,
): Promise<string[]> {
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
  const missing = wanted.find((name) => name !== "" && !seen.has(name));
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
  template: UrlTemplate,
  defaults: RequestDefaults,
): (i: number, record: string) => Target {
  const header = new Map(columns.map((name, place) => [name, place]));
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
