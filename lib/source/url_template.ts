import { UsageError } from "../errors.ts";
import { characterProblem } from "./target.ts";
import { checkCall, isPercentEncoded, withoutFilters } from "./template_functions.ts";
import type { Lookup } from "./lookup.ts";

interface Placeholder {
  readonly name: string;
  /** What makes a value safe there; undefined where it is inserted unchanged. */
  readonly encode: ((value: string) => string) | undefined;
  /** What stands between it and the next one, or the end. */
  readonly after: string;
}

const PART = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;
/**
 * An empty name, or one like that of a column of CSV, which can have spaces within. It does not
 * begin with an operator of RFC 6570 §2.2: `{?a}` and `{/a}` mean something else there.
 */
const NAME = /^\+?(?:[^\s{}+#./;?&=,!@|](?:[^{}\p{Cc}]*[^\s{}])?)?$/u;

const ORIGIN = /^[a-z]+:\/\/[^/?#\\]+[/?#]/i;

/** All up to the `@` of user information (RFC 3986 §3.2.1), `\0` standing for a placeholder. */
const USERINFO = /^[^/?#\\]*:\/\/[^/?#\\]*@/;

/**
 * A URL with placeholders: `{}`, `{name}`, `{{` and `}}` for braces.
 *
 * A value is inserted unchanged, except directly behind a `=` in the query: there it is the value of
 * a parameter, and is percent-encoded. Before the `@` of user information it is percent-encoded too,
 * since a character of a password could end it; a `:` stays, since a value can be both name and
 * password. `{+name}` inserts it unchanged there too (RFC 6570 §3.2.3, reserved expansion).
 */
export class UrlTemplate {
  /** What stands before the first placeholder. */
  readonly start: string;
  /** The names of the placeholders, each once, `""` for `{}`. */
  readonly names: readonly string[];
  /**
   * Whether every expansion has the same scheme, host and port: no placeholder stands before the
   * path, query or fragment.
   */
  readonly isOriginFixed: boolean;
  /** How many placeholders, the first ones, stand in user information. */
  readonly #credentials: number;
  readonly #placeholders: readonly Placeholder[];

  /**
   * @param text what the user wrote
   * @throws {UsageError} If a brace stands alone, a name is invalid, or `URL` would drop a character.
   */
  static parse(text: string): UrlTemplate {
    checkCharacters(text);
    const literals: string[] = [];
    const placeholders: { name: string; isRaw: boolean; isValue: boolean }[] = [];
    let literal = "";
    let end = 0;
    let isQuery = false;
    for (const match of text.matchAll(PART)) {
      const [part, name] = match;
      literal += text.slice(end, match.index);
      end = match.index + part.length;
      if (literal.includes("?")) isQuery = true;
      if (part === "{{") literal += "{";
      else if (part === "}}") literal += "}";
      else if (name === undefined || !NAME.test(name)) {
        // Before an `@` it can be a piece of a password.
        const shown = text.includes("@", match.index) ? "the brace" : `'${part}'`;
        throw new UsageError(
          `Cannot read ${shown} at character ${
            match.index + 1
          } of the URL: use {}, {name}, or {{ and }} for braces`,
        );
      } else {
        literals.push(literal);
        const bare = name.replace(/^\+/, "");
        checkCall(withoutFilters(bare));
        placeholders.push({
          name: bare,
          isRaw: name.startsWith("+"),
          isValue: isQuery && text[match.index - 1] === "=",
        });
        literal = "";
      }
    }
    literals.push(literal + text.slice(end));
    const userinfo = (USERINFO.exec(literals.join("\0"))?.[0].split("\0").length ?? 1) - 1;
    const parts = placeholders.map(({ name, isRaw, isValue }, k) => ({
      name,
      encode: isRaw || isPercentEncoded(name)
        ? undefined
        : k < userinfo
        ? encodeInUserinfo
        : isValue
        ? inQuery
        : undefined,
      after: literals[k + 1],
    }));
    return new UrlTemplate(literals[0], parts, userinfo);
  }

  private constructor(
    start: string,
    placeholders: readonly Placeholder[],
    credentials: number,
  ) {
    this.start = start;
    this.#credentials = credentials;
    this.#placeholders = placeholders;
    this.names = [...new Set(placeholders.map(({ name }) => name))];
    this.isOriginFixed = placeholders.length === 0 || ORIGIN.test(start);
  }

  /** Whether values become user information. */
  get hasCredentials(): boolean {
    return this.#credentials > 0;
  }

  /** Whether a name stands in user information, where it can be a piece of a password itself. */
  isCredential(name: string): boolean {
    return this.#placeholders.slice(0, this.#credentials).some((it) => it.name === name);
  }

  /** A name in quotes, for messages, if it may be repeated. */
  quote(name: string): string {
    return this.isCredential(name) ? "for what stands before the '@'" : `'${name}'`;
  }

  /** The same with another beginning. */
  withStart(start: string): UrlTemplate {
    return new UrlTemplate(start, this.#placeholders, this.#credentials);
  }

  /** The URL with the values of its placeholders, or the name of the first one without a value. */
  expand(lookup: Lookup): { url: string } | { missing: string } {
    let url = this.start;
    for (const { name, encode, after } of this.#placeholders) {
      const value = lookup(name);
      if (value === undefined) return { missing: name };
      url += (encode === undefined ? value : encode(value)) + after;
    }
    return { url };
  }

  /** Like {@linkcode expand}, where every name is known to have a value. */
  fill(lookup: Lookup): string {
    return (this.expand(lookup) as { url: string }).url;
  }

  /** Like {@linkcode expand}, for a template whose only name is `""`. */
  expandOne(value: string): string {
    let url = this.start;
    for (const { encode, after } of this.#placeholders) {
      url += (encode === undefined ? value : encode(value)) + after;
    }
    return url;
  }
}

/** Checks a template as {@linkcode characterProblem} does; nothing of it is repeated. */
function checkCharacters(text: string): void {
  const problem = characterProblem(text);
  if (problem !== undefined) {
    throw new UsageError(`Cannot use the URL: ${problem}: leave it out, or percent-encode it`);
  }
  // The runtime reads arguments that are not UTF-8 so, and then nobody knows what they were.
  if (text.includes("\ufffd")) {
    throw new UsageError(
      "Cannot use the URL: it is not UTF-8, or has U+FFFD in it: percent-encode such bytes",
    );
  }
}

function inQuery(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** A value for user information: a `:` stays, since it can be both name and password. */
export function encodeInUserinfo(value: string): string {
  return inQuery(value).replaceAll("%3A", ":");
}
