/**
 * Captures: fields of a record that are taken from a response, as in `etag=header:ETag` and
 * `id=json:/user/id`.
 *
 * @module
 */
import type { ResponseHead } from "../engine/engine.ts";
import { isToken } from "../http/fields.ts";
import type { Captured } from "../result.ts";
import { detachString } from "../text/detach.ts";
import { parseLosslessJson } from "../text/lossless_json.ts";
import { findPatternProblem, Pattern } from "./pattern.ts";

/** The longest captured text, in UTF-16 code units; a longer one is truncated. */
export const MAX_CAPTURE = 1_024;

/** A capture from a head. */
export interface HeadCapture {
  readonly from: "head";
  extract(head: ResponseHead): Captured;
}

/** A capture from the text of a body. */
export interface TextCapture {
  readonly from: "text";
  extract(text: string): Captured;
}

/** A capture from the JSON of a body. */
export interface JsonCapture {
  readonly from: "json";
  extract(value: unknown): Captured;
}

/** A value that is taken from each response, and the name of its field in the record. */
export type Capture = {
  readonly name: string;
  /** As the user wrote it. */
  readonly text: string;
} & (HeadCapture | TextCapture | JsonCapture);

const FORM = /^([A-Za-z_][\w.-]{0,63})=(header|regex|json):(.*)$/s;

/** Reads `NAME=header:FIELD`, `NAME=regex:REGEX` or `NAME=json:POINTER`; a text says what is wrong. */
export function parseCapture(text: string): Capture | string {
  const [, name, kind, what] = FORM.exec(text) ?? [];
  if (name === undefined) {
    return "use a name and a place, like etag=header:ETag, id=regex:id=(\\d+) or id=json:/user/id";
  }
  if (kind === "header") {
    if (!isToken(what)) return "name a header field, like etag=header:ETag";
    const field = what.toLowerCase();
    return { name, text, from: "head", extract: (head) => toBounded(head.field(field)) };
  }
  if (kind === "json") {
    const path = parsePointer(what);
    if (path === undefined) return "use a JSON pointer (RFC 6901), like id=json:/user/id";
    return { name, text, from: "json", extract: (value) => toCaptured(find(value, path)) };
  }
  let pattern: Pattern;
  try {
    pattern = new Pattern(what);
  } catch (error) {
    return `${findPatternProblem(error)}: use a JavaScript regular expression`;
  }
  return {
    name,
    text,
    from: "text",
    extract: (body) => {
      const match = pattern.exec(body);
      return match ? toBounded((match.length > 1 ? match[1] : match[0]) ?? null) : null;
    },
  };
}

/** The names on the way to a value (RFC 6901 §4); undefined for an invalid pointer. */
function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  return pointer.slice(1).split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value at the end of a path; undefined if it is missing. */
function find(value: unknown, path: readonly string[]): unknown {
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
      return undefined;
    }
    // An array has only its items: not `length`, and not `01`.
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** Parses a body as JSON; undefined if it is invalid. */
export function parseBody(text: string): unknown {
  try {
    return parseLosslessJson(text);
  } catch {
    return undefined;
  }
}

/** A value for a record. Objects and arrays become JSON, and so do numbers that would lose digits. */
function toCaptured(value: unknown): Captured {
  if (typeof value === "string") return toBounded(value);
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean" || typeof value === "number") return value;
  try {
    return toBounded(JSON.stringify(value));
  } catch {
    // The value is nested too deeply.
    return null;
  }
}

/** A truncated text in its own memory. */
function toBounded(text: string | null): string | null {
  if (text === null) return null;
  const cut = text.length > MAX_CAPTURE ? `${text.slice(0, MAX_CAPTURE - 1)}…` : text;
  return detachString(cut.toWellFormed());
}
