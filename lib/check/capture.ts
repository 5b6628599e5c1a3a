/**
 * What a user wants of answers in their records: `etag=header:ETag`, `id=json:/user/id`.
 *
 * @module
 */
import type { ResponseHead } from "../engine/engine.ts";
import { isToken } from "../http/fields.ts";
import type { Captured } from "../result.ts";
import { detachString } from "../text/detach.ts";
import { parseLosslessJson } from "../text/lossless_json.ts";
import { findPatternProblem, Pattern } from "./pattern.ts";

/** The longest text that is captured, in UTF-16 code units; of a longer one the beginning is. */
export const MAX_CAPTURE = 1_024;

/** What it takes of a head. */
export interface HeadCapture {
  readonly from: "head";
  of(head: ResponseHead): Captured;
}

/** What it takes of a body's text. */
export interface TextCapture {
  readonly from: "text";
  of(text: string): Captured;
}

/** What it takes of a body's JSON. */
export interface JsonCapture {
  readonly from: "json";
  of(value: unknown): Captured;
}

/** Something that is taken of each answer, and the field of the record that it becomes. */
export type Capture = {
  readonly name: string;
  /** As the user wrote it. */
  readonly text: string;
} & (HeadCapture | TextCapture | JsonCapture);

const FORM = /^([A-Za-z_][\w.-]{0,63})=(header|regex|json):(.*)$/s;

/** Reads `NAME=header:FIELD`, `NAME=regex:REGEX` or `NAME=json:POINTER`; or says why it is none. */
export function parseCapture(text: string): Capture | string {
  const [, name, kind, what] = FORM.exec(text) ?? [];
  if (name === undefined) {
    return "give a name and a place, like etag=header:ETag, id=regex:id=(\\d+) or id=json:/user/id";
  }
  if (kind === "header") {
    if (!isToken(what)) return "give the name of a header field, like etag=header:ETag";
    const field = what.toLowerCase();
    return { name, text, from: "head", of: (head) => bounded(head.field(field)) };
  }
  if (kind === "json") {
    const path = parsePointer(what);
    if (path === undefined) return "give a JSON pointer (RFC 6901), like id=json:/user/id";
    return { name, text, from: "json", of: (value) => toCaptured(find(value, path)) };
  }
  let pattern: Pattern;
  try {
    pattern = new Pattern(what);
  } catch (error) {
    return `${findPatternProblem(error)}: give a regular expression of JavaScript's`;
  }
  return {
    name,
    text,
    from: "text",
    of: (body) => {
      const match = pattern.exec(body);
      return match ? bounded((match.length > 1 ? match[1] : match[0]) ?? null) : null;
    },
  };
}

/** The names on the way to a value (RFC 6901 §4); undefined if the text is no pointer. */
function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  return pointer.slice(1).split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value at the end of a way; undefined if there is none. */
function find(value: unknown, path: readonly string[]): unknown {
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
      return undefined;
    }
    // A list has nothing but its items: no `length`, no `01`.
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A body's JSON; undefined if it is none. */
export function parseBody(text: string): unknown {
  try {
    return parseLosslessJson(text);
  } catch {
    return undefined;
  }
}

/** What is no text, number or truth value as JSON; a number that would lose digits too. */
function toCaptured(value: unknown): Captured {
  if (typeof value === "string") return bounded(value);
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean" || typeof value === "number") return value;
  try {
    return bounded(JSON.stringify(value));
  } catch {
    // Nested too deeply.
    return null;
  }
}

/** Not more than a record is to have, and in memory of its own. */
function bounded(text: string | null): string | null {
  if (text === null) return null;
  const cut = text.length > MAX_CAPTURE ? `${text.slice(0, MAX_CAPTURE - 1)}…` : text;
  return detachString(cut.toWellFormed());
}
