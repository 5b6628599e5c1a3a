import { fieldProblem } from "../http/fields.ts";
import type { Form } from "../form/form.ts";
import type { HeaderList, RequestBody } from "../target.ts";
import type { RequestDefaults, RequestTemplates } from "./request_defaults.ts";
import type { Lookup } from "./lookup.ts";
import { TextTemplate } from "./text_template.ts";

/** A flag and the template in it. */
export interface FlagTemplate {
  readonly flag: string;
  readonly template: TextTemplate;
}

const DATA = "--data";

/** The flags that give templates, as the user knows them. */
export function flagTemplates({ headers, body, bodyFlag }: RequestTemplates): FlagTemplate[] {
  const all = Array.from(headers, ([[name], template]) => ({ flag: toFlag(name), template }));
  if (body instanceof TextTemplate) all.push({ flag: bodyFlag ?? DATA, template: body });
  else if (body !== undefined) {
    all.push(...body.templates.map((template) => ({ flag: "--form", template })));
  }
  return all;
}

function toFlag(name: string): string {
  return `--header ${name}`;
}

const encoder = new TextEncoder();

/** Fills in header fields; or what is wrong, in words. A field without a template is the same object. */
export function fillHeaders(
  headers: HeaderList,
  templates: RequestTemplates,
  lookup: Lookup,
): HeaderList | string {
  if (templates.headers.size === 0) return headers;
  const filled: HeaderList[number][] = [];
  for (const field of headers) {
    const template = templates.headers.get(field);
    if (template === undefined) {
      filled.push(field);
      continue;
    }
    const [name] = field;
    const value = template.expand(lookup);
    if (typeof value !== "string") return missing(value.missing, toFlag(name));
    const problem = fieldProblem(name, value);
    if (problem !== undefined) return `'${toFlag(name)}' cannot be sent: ${problem}`;
    filled.push([name, value]);
  }
  return filled;
}

/** Fills in a body; or what is wrong, in words. */
export function fillBody(
  template: TextTemplate | Form,
  lookup: Lookup,
  flag: string = DATA,
): RequestBody | string {
  const filled = template.expand(lookup);
  if (typeof filled === "string") return encoder.encode(filled);
  if (!("missing" in filled)) return filled;
  return missing(filled.missing, template instanceof TextTemplate ? flag : "--form");
}

/** It names the place, since what looks like a name can be a piece of a secret. */
function missing(at: number, flag: string): string {
  return `the record has no field for the placeholder at character ${at} of '${flag}'`;
}

/** What a request has, with its templates filled in; or what is wrong, in words. */
export function fill(of: RequestDefaults, lookup: Lookup): RequestDefaults | string {
  const { templates } = of;
  if (templates === undefined) return of;
  const headers = fillHeaders(of.headers, templates, lookup);
  if (typeof headers === "string") return headers;
  const body = templates.body === undefined
    ? of.body
    : fillBody(templates.body, lookup, templates.bodyFlag);
  return typeof body === "string" ? body : { method: of.method, headers, body };
}
