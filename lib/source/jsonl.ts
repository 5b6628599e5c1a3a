import { fieldProblem, methodProblem, normalizeMethod } from "../http.ts";
import type { HeaderList, Target } from "../types.ts";
import { checkedTarget, type Defaults, invalidTarget, target } from "./target.ts";
import type { Template } from "./template.ts";

const encoder = new TextEncoder();

type Fields = Record<string, unknown>;

/**
 * Makes targets of lines of JSON: objects with `url`, `method`, `headers` and `body`, each
 * optional. A template with placeholders makes the URL of a record's fields; one without is the
 * base that a record's `url` is resolved against (RFC 3986 §5).
 */
export function jsonlTargets(
  template: Template | undefined,
  defaults: Defaults,
): (i: number, line: string) => Target {
  const isTemplate = template !== undefined && template.names.length > 0;
  return (i, line) => {
    const fields = objectOf(line);
    if (fields === undefined) return invalidTarget(i, line, "not a JSON object", defaults);
    const of = defaultsOf(fields, defaults);
    const given = lookupIn(fields, "url");
    if (typeof of === "string") return invalidTarget(i, given ?? line, of, defaults);
    if (isTemplate) {
      const expanded = template.expand((name) => name === "" ? line : lookupIn(fields, name));
      if ("missing" in expanded) {
        const why = `the record has no field '${expanded.missing}'`;
        return invalidTarget(i, given ?? line, why, defaults);
      }
      return template.isOriginFixed
        ? target(i, expanded.url, of)
        : checkedTarget(i, expanded.url, of);
    }
    if (given === undefined) {
      return template === undefined
        ? invalidTarget(i, line, "the record has no field 'url'", defaults)
        : checkedTarget(i, template.start, of);
    }
    const url = template === undefined ? given : URL.parse(given, template.start)?.href ?? given;
    return checkedTarget(i, url, of);
  };
}

function objectOf(line: string): Fields | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function lookupIn(fields: Fields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

/** What a record gives instead of the run; or what is wrong with it, in words. */
function defaultsOf(fields: Fields, run: Defaults): Defaults | string {
  const own = (name: string): unknown => Object.hasOwn(fields, name) ? fields[name] : undefined;
  const [method, headers, body] = [own("method"), own("headers"), own("body")];
  if (method === undefined && headers === undefined && body === undefined) return run;

  if (method !== undefined && typeof method !== "string") return "its 'method' is no text";
  const isJson = body !== undefined && body !== null && typeof body !== "string";
  const octets = body === undefined || body === null
    ? run.body
    : encoder.encode(isJson ? JSON.stringify(body) : body as string);
  const byDefault = octets !== undefined && run.method === "GET" ? "POST" : run.method;
  const sent = method === undefined ? byDefault : normalizeMethod(method);
  const problem = methodProblem(sent, octets !== undefined);
  if (problem !== undefined) return `its method cannot be sent: ${problem}`;

  let list = run.headers;
  if (headers !== undefined) {
    const merged = mergeHeaders(headers, list);
    if (typeof merged === "string") return merged;
    list = merged;
  }
  if (isJson && !list.some(([name]) => name.toLowerCase() === "content-type")) {
    list = [...list, ["Content-Type", "application/json"]];
  }
  return { method: sent, headers: list, body: octets };
}

/** The run's fields, but those that the record has of the same name; or what is wrong. */
function mergeHeaders(headers: unknown, run: HeaderList): HeaderList | string {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    return "its 'headers' are no object";
  }
  const own: [string, string][] = [];
  for (const [name, values] of Object.entries(headers)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      if (typeof value !== "string" && typeof value !== "number") {
        return "a value of its 'headers' is no text";
      }
      const problem = fieldProblem(name, String(value));
      if (problem !== undefined) return `a field of its 'headers' cannot be sent: ${problem}`;
      own.push([name, String(value)]);
    }
  }
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  return [...run.filter(([name]) => !names.has(name.toLowerCase())), ...own];
}
