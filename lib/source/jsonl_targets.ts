/**
 * Targets of lines of JSON, each an object.
 *
 * @module
 */
import { RecordExpectations } from "../check/record_expectations.ts";
import { isJsonText, JSON_TYPE } from "../http/content_type.ts";
import { fieldProblem, methodProblem, normalizeMethod } from "../http/fields.ts";
import type { HeaderList, Target } from "../target.ts";
import { isObject } from "../text/json_shape.ts";
import { isRawJSON, parseLosslessJson } from "../text/lossless_json.ts";
import type { RecordContext, RecordTargets } from "./input_format.ts";
import type { RequestDefaults } from "./request_defaults.ts";
import { fillBody, fillHeaders } from "./request_templates.ts";
import { characterProblem, filledTarget, invalidRecord, invalidTarget } from "./target.ts";
import type { Lookup } from "./lookup.ts";
import type { UrlTemplate } from "./url_template.ts";

export { readRecords } from "./line_targets.ts";

const encoder = new TextEncoder();

const LONE_SURROGATE = "has a lone surrogate, which UTF-8 cannot encode";

type Fields = Record<string, unknown>;

/**
 * How targets are made of objects with `url`, `method`, `headers`, `body` and `expect`, each
 * optional; a null stands for a field that is not there. A template with placeholders makes the URL
 * of a record's fields; one without is the base that a record's `url` is resolved against (RFC 3986
 * §5), and the URL of a record that has none. The run's other templates are filled from the same
 * fields; `headers` and `body` of a record replace them, and are not templates themselves.
 */
export function openRecords(
  { template, defaults, functions, check }: RecordContext,
): RecordTargets {
  return { make: toMaker(template, defaults, { functions, check }), defaults };
}

function toMaker(
  template: UrlTemplate | undefined,
  defaults: RequestDefaults,
  { functions, check }: Pick<RecordContext, "functions" | "check">,
): (i: number, line: string) => Target {
  const expectations = new RecordExpectations();
  const isTemplate = template !== undefined && template.names.length > 0;
  const make = template?.isOriginFixed ? filledTarget : check;
  return (i, line) => {
    const fields = parseObject(line);
    if (fields === undefined) return invalidRecord(i, line, "not a JSON object", defaults);
    let isWellFormed = true;
    const ofRecord: Lookup = (name) => {
      const text = name === "" ? line : lookupIn(fields, name);
      if (text?.isWellFormed() === false) isWellFormed = false;
      return text;
    };
    const lookup = functions === undefined ? ofRecord : functions.at(i, ofRecord);
    const of = toDefaults(fields, defaults, lookup, expectations);
    const expanded = isTemplate ? template.expand(lookup) : undefined;
    const given = lookupIn(fields, "url");
    const invalid = (why: string): Target =>
      given === undefined
        ? invalidRecord(i, line, why, defaults)
        : invalidTarget(i, given, why, defaults);
    if (typeof of === "string") return invalid(of);
    if (!isWellFormed) return invalid(`a field that the templates take ${LONE_SURROGATE}`);
    if (expanded !== undefined) {
      if ("missing" in expanded) {
        return invalid(`the record has no field ${template!.quote(expanded.missing)}`);
      }
      return make(i, expanded.url, of);
    }
    if (given === undefined) {
      return template === undefined
        ? invalid("the record has no field 'url'")
        : check(i, template.start, of);
    }
    if (typeof fields.url !== "string") return invalid("'url' must be a string");
    return check(i, template === undefined ? given : resolve(given, template.start), of);
  };
}

/** A record's URL, resolved; a URL that cannot be requested stays unchanged. */
function resolve(given: string, base: string): string {
  const text = given.trim();
  const isUrl = characterProblem(text) === undefined;
  return isUrl ? URL.parse(text, base)?.href ?? given : given;
}

function parseObject(line: string): Fields | undefined {
  try {
    const value = parseLosslessJson(line);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value of a record is an object; a number with all its digits is an object, too. */
function isFields(value: unknown): value is Fields {
  return isObject(value) && !isRawJSON(value);
}

/** A field of a record; undefined where it is missing or null. */
function readField(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] ?? undefined : undefined;
}

function lookupIn(fields: Fields, name: string): string | undefined {
  return toText(readField(fields, name));
}

/** A string, number or boolean, as text. */
function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return isRawJSON(value) ? value.rawJSON : undefined;
}

/**
 * The run's defaults, or what a record has in their place; or what is wrong with it, in words.
 *
 * @param fields as JSON has them, or a program; the body can be bytes, too
 */
export function toDefaults(
  fields: Fields,
  run: RequestDefaults,
  lookup: Lookup,
  expectations: RecordExpectations,
): RequestDefaults | string {
  const { templates } = run;
  const method = readField(fields, "method");
  const headers = readField(fields, "headers");
  const body = readField(fields, "body");
  const isPlain = method === undefined && headers === undefined && body === undefined;
  const given = readField(fields, "expect");
  if (isPlain && templates === undefined && given === undefined) return run;
  const expect = given === undefined ? undefined : expectations.parse(given);
  if (typeof expect === "string") return expect;

  if (method !== undefined && typeof method !== "string") return "'method' must be a string";
  // As JSON a lone surrogate is an escape, and is sent as one.
  if (typeof body === "string" && !body.isWellFormed()) return `its 'body' ${LONE_SURROGATE}`;
  const isBytes = body instanceof Uint8Array;
  if (!isBytes && !isJsonValue(body)) {
    return "'body' must be a string, a Uint8Array, or a value that JSON can express";
  }
  const isJson = body !== undefined && typeof body !== "string" && !isBytes;
  const bytes = isBytes
    ? body as Uint8Array<ArrayBuffer>
    : body !== undefined
    ? encoder.encode(isJson ? JSON.stringify(body) : body as string)
    : templates?.body === undefined
    ? run.body
    : fillBody(templates.body, lookup, templates.bodyFlag);
  if (typeof bytes === "string") return bytes;
  const byDefault = bytes !== undefined && run.method === "GET" ? "POST" : run.method;
  const sent = method === undefined ? byDefault : normalizeMethod(method);
  const problem = methodProblem(sent, bytes !== undefined);
  if (problem !== undefined) return `its method cannot be sent: ${problem}`;

  let list = run.headers;
  if (headers !== undefined) {
    const merged = mergeHeaders(headers, run);
    if (typeof merged === "string") return merged;
    list = merged;
  }
  if (templates !== undefined) {
    const filled = fillHeaders(list, templates, lookup);
    if (typeof filled === "string") return filled;
    list = filled;
  }
  const isGiven = (name: string): boolean =>
    list.some((field) => field[0].toLowerCase() === name.toLowerCase());
  if (body !== undefined && !isBytes && !isGiven("content-type")) {
    const guessed: HeaderList = isJson
      ? [["Content-Type", JSON_TYPE]]
      : isJsonText(body as string)
      ? [["Content-Type", JSON_TYPE], ["Accept", JSON_TYPE]]
      : [];
    list = [...list, ...guessed.filter(([name]) => !isGiven(name))];
  }
  return { method: sent, headers: list, body: bytes, expect };
}

/**
 * Whether its JSON says what a value of a program is. That of a function is nothing, and that of a
 * `FormData`, a `Blob`, a `Map` or a promise is `{}`: such objects name themselves by a tag.
 */
function isJsonValue(value: unknown): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  return typeof value !== "object" || value === null || isRawJSON(value) || "toJSON" in value ||
    !(Symbol.toStringTag in value);
}

/**
 * The run's fields, except those whose name the record has too, and the record's; or what is wrong,
 * in words. A field that is null counts as missing. `--failures` writes null for a secret that it
 * leaves out, and a template of the run would then be filled with something else.
 */
export function mergeHeaders(
  headers: unknown,
  { headers: run, templates }: RequestDefaults,
): HeaderList | string {
  if (!isFields(headers)) return "'headers' must be an object";
  if (!isJsonValue(headers)) {
    return "'headers' must be a plain object: Object.fromEntries() makes one of Headers";
  }
  const own: [string, string][] = [];
  for (const [name, values] of Object.entries(headers)) {
    if (values === null) {
      const field = run.find((field) => field[0].toLowerCase() === name.toLowerCase());
      if (field !== undefined && templates?.headers.has(field)) {
        return `what fills '--header ${field[0]}' was left out as a secret: use the first input`;
      }
      continue;
    }
    for (const value of Array.isArray(values) ? values : [values]) {
      const text = typeof value === "boolean" ? undefined : toText(value);
      if (text === undefined) return "a value in 'headers' must be a string or a number";
      const problem = fieldProblem(name, text);
      if (problem !== undefined) return `a field of its 'headers' cannot be sent: ${problem}`;
      own.push([name, text]);
    }
  }
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  return [...run.filter(([name]) => !names.has(name.toLowerCase())), ...own];
}
