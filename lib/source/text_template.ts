/** Finds the value for a placeholder; `""` is the name of `{}`. Undefined where it is missing. */
export type Lookup = (name: string) => string | undefined;

/** What a text is, which decides how values are made safe in it. */
export type Kind = "header" | "json" | "form" | "text";

interface Placeholder {
  readonly name: string;
  /** Where it begins in what the user wrote, in UTF-16 code units from 1. */
  readonly at: number;
  readonly encode: (value: string) => string;
  /** What stands between it and the next one, or the end. */
  readonly after: string;
}

const WORD = "[\\p{L}\\p{M}\\p{N}_.\\-]+";
const NAME = `\\+?(?:${WORD}(?: +${WORD})*)?`;
const PART = new RegExp(`\\{\\{${NAME}\\}\\}|\\{(${NAME})\\}`, "gu");

/** A number as JSON writes it (RFC 8259 §6), or a truth value. */
const BARE_JSON = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false)$/;

/**
 * A header field's value or a body with placeholders: `{}`, `{name}`, `{+name}`.
 *
 * JSON is full of braces, so only what looks like a name makes a placeholder: letters, digits, `_`,
 * `-`, `.`, and spaces within. `{{name}}` and `{{}}` are `{name}` and `{}` themselves; every other
 * brace stands for itself.
 */
export class TextTemplate {
  /** What the user wrote. */
  readonly source: string;
  readonly kind: Kind;
  /** What stands before the first placeholder; without placeholders, all of it. */
  readonly start: string;
  readonly placeholders: readonly Placeholder[];

  /** @param kind how values are made safe; not needed where nothing is filled in yet */
  static parse(source: string, kind: Kind = "text"): TextTemplate {
    const literals: string[] = [];
    const found: { name: string; at: number; encode: Placeholder["encode"] }[] = [];
    const place = findPlaceholders(kind);
    let literal = "";
    let end = 0;
    for (const { 0: part, 1: name, index } of source.matchAll(PART)) {
      literal += source.slice(end, index);
      end = index + part.length;
      if (name === undefined) literal += part.slice(1, -1);
      else {
        const encode = place(literal);
        found.push({
          name: name.replace("+", ""),
          at: index + 1,
          encode: name.startsWith("+") ? keep : encode,
        });
        literals.push(literal);
        literal = "";
      }
    }
    literals.push(literal + source.slice(end));
    const placeholders = found.map((one, k) => ({ ...one, after: literals[k + 1] }));
    return new TextTemplate(source, kind, literals[0], placeholders);
  }

  private constructor(
    source: string,
    kind: Kind,
    start: string,
    placeholders: readonly Placeholder[],
  ) {
    this.source = source;
    this.kind = kind;
    this.start = start;
    this.placeholders = placeholders;
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
function findPlaceholders(kind: Kind): (before: string) => Placeholder["encode"] {
  if (kind === "form") return (before) => before.endsWith("=") ? inForm : keep;
  if (kind !== "json") return () => keep;
  let isString = false;
  return (before) => {
    for (const [part] of before.matchAll(/\\.|"/gs)) if (part === '"') isString = !isString;
    return isString ? inString : inJson;
  };
}
