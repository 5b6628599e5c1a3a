import type { Lookup } from "./lookup.ts";
import { CALL, checkCall, FILTERS, isPercentEncoded } from "./template_functions.ts";

/** What a text is, which decides how values are made safe in it. */
export type Kind = "header" | "json" | "form" | "text";

/** What a user writes for a value: `{}`, `{name}`, `{+name}`, `{uuid}`, `{name|lower}`. */
export interface Placeholder {
  /** What stands between the braces, without `+`. */
  readonly name: string;
  /** Whether the value stands there unchanged, whatever is around it. */
  readonly isRaw: boolean;
  /** Where it begins in what the user wrote, in UTF-16 code units from 1. */
  readonly at: number;
  /** The value, where it is the same for every request; undefined where each has its own. */
  readonly value?: string | undefined;
}

/** What a text is made of: pieces that stay as they are, and placeholders. */
export type TemplatePart = string | Placeholder;

interface Slot extends Placeholder {
  readonly encode: (value: string) => string;
  /** What stands between it and the next one, or the end. */
  readonly after: string;
}

const WORD = "[\\p{L}\\p{M}\\p{N}_.\\-]+";
const NAME = `(?:${CALL}|${WORD}(?: +${WORD})*)?${FILTERS}`;
const PART = new RegExp(`\\{\\{\\+?${NAME}\\}\\}|\\{(\\+?)(${NAME})\\}`, "gu");

/**
 * The parts of a header field's value or a body.
 *
 * JSON is full of braces, so only what looks like a name makes a placeholder: letters, digits, `_`,
 * `-`, `.`, and spaces within; or what looks like a function. `{{name}}` and `{{}}` are `{name}` and
 * `{}` themselves; every other brace stands for itself.
 *
 * @throws {UsageError} If a function has arguments that it does not take.
 */
export function parseParts(source: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  const add = (text: string): void => {
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = last + text;
    else if (text !== "") parts.push(text);
  };
  for (const { 0: part, 1: plus, 2: name, index } of source.matchAll(PART)) {
    add(source.slice(end, index));
    end = index + part.length;
    if (name === undefined) add(part.slice(1, -1));
    else {
      checkCall(name);
      parts.push({ name, isRaw: plus !== "", at: index + 1 });
    }
  }
  add(source.slice(end));
  return parts;
}

/** A number as JSON writes it (RFC 8259 §6), or a truth value. */
const BARE_JSON = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false)$/;

/** A header field's value or a body with placeholders. */
export class TextTemplate {
  readonly parts: readonly TemplatePart[];
  readonly kind: Kind;
  /** What stands before the first placeholder; without placeholders, all of it. */
  readonly start: string;
  readonly placeholders: readonly Slot[];

  /**
   * @param kind how values are made safe; not needed where nothing is filled in yet
   * @throws {UsageError} If a function has arguments that it does not take.
   */
  static parse(source: string, kind: Kind = "text"): TextTemplate {
    return new TextTemplate(parseParts(source), kind);
  }

  constructor(parts: readonly TemplatePart[], kind: Kind = "text") {
    this.parts = parts;
    this.kind = kind;
    const place = findPlaceholders(kind);
    const literals: string[] = [];
    const found: Omit<Slot, "after">[] = [];
    let literal = "";
    /** What of the literal {@linkcode place} has not seen. */
    let unseen = "";
    const add = (text: string): void => {
      literal += text;
      unseen += text;
    };
    for (const part of parts) {
      if (typeof part === "string") {
        add(part);
        continue;
      }
      const encode = chooseEncoding(place(unseen), part);
      unseen = "";
      if (part.value !== undefined) {
        add(encode(part.value));
        continue;
      }
      found.push({ ...part, encode });
      literals.push(literal);
      literal = "";
    }
    literals.push(literal);
    this.start = literals[0];
    this.placeholders = found.map((one, k) => ({ ...one, after: literals[k + 1] }));
  }

  /** What a user could have written for it, with the values of variables. */
  get source(): string {
    return this.parts.map((part) =>
      typeof part === "string"
        ? escapeBraces(part)
        : part.value ?? `{${part.isRaw ? "+" : ""}${part.name}}`
    ).join("");
  }

  /** Whether a variable of the environment has filled in some of it. */
  get hasVariables(): boolean {
    return this.parts.some((part) => typeof part !== "string" && part.value !== undefined);
  }

  /** Whether there is something to fill in. */
  get isTemplate(): boolean {
    return this.placeholders.length > 0;
  }

  /** The text with one value, unchanged, in place of each placeholder. */
  with(value: string): string {
    return this.placeholders.reduce((text, { after }) => text + value + after, this.start);
  }

  /** The text with the values of its placeholders, or where the first one without a value begins. */
  expand(lookup: Lookup): string | { readonly missing: number } {
    let text = this.start;
    for (const { name, at, encode, after } of this.placeholders) {
      const value = lookup(name);
      if (value === undefined) return { missing: at };
      text += encode(value) + after;
    }
    return text;
  }
}

/** The template without placeholders that makes a text. */
export function escapeBraces(text: string): string {
  return text.replace(PART, "{$&}");
}

function keep(value: string): string {
  return value;
}

function chooseEncoding(
  encode: Slot["encode"],
  { isRaw, name }: Placeholder,
): Slot["encode"] {
  return isRaw || encode === inForm && isPercentEncoded(name) ? keep : encode;
}

function inString(value: string): string {
  return JSON.stringify(value.toWellFormed()).slice(1, -1);
}

function inJson(value: string): string {
  return BARE_JSON.test(value) ? value : JSON.stringify(value.toWellFormed());
}

function inForm(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** What makes values safe, place by place: called with what stands before each, in order. */
function findPlaceholders(kind: Kind): (before: string) => Slot["encode"] {
  if (kind === "form") return (before) => before.endsWith("=") ? inForm : keep;
  if (kind !== "json") return () => keep;
  let isString = false;
  return (before) => {
    for (const [part] of before.matchAll(/\\.|"/gs)) if (part === '"') isString = !isString;
    return isString ? inString : inJson;
  };
}
