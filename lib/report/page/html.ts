import { escapeMarkup } from "../../text/escape.ts";

/** Text that is HTML already. All other text is escaped before it becomes part of a page. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** A value in a template of {@linkcode markup}; undefined adds nothing. */
export type MarkupValue = Html | string | number | undefined | readonly MarkupValue[];

function renderValue(part: MarkupValue): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.toString();
  if (typeof part === "object") return part.map(renderValue).join("");
  return escapeMarkup(String(part));
}

/** Makes HTML of a template. Its values are escaped unless they are {@linkcode Html}. */
export function markup(strings: TemplateStringsArray, ...parts: MarkupValue[]): Html {
  return new Html(String.raw({ raw: strings }, ...parts.map(renderValue)));
}

/**
 * Takes as many of the first parts as fit.
 *
 * @param most bytes of UTF-8
 */
export function takeWithinBytes(most: number, parts: readonly Html[]): Html[] {
  let bytes = 0;
  const fitting = parts.findIndex((part) =>
    (bytes += encoder.encode(part.toString()).length) > most
  );
  return fitting < 0 ? [...parts] : parts.slice(0, fitting);
}

const encoder = new TextEncoder();
