/**
 * Placeholders that stand for environment variables: `{env:NAME}`. They are filled in once, as the
 * command line is read, so that no thread, machine or journal has to know the variable.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { applyFilters, findVariable, isPercentEncoded } from "../source/template_functions.ts";
import type { TemplatePart } from "../source/text_template.ts";
import { encodeInUserinfo, UrlTemplate } from "../source/url_template.ts";

/**
 * Reads an environment variable. What it holds can be a secret.
 *
 * @throws {UsageError} If it is not set, or cannot be read.
 */
export type ReadVariable = (name: string) => string;

/** Reads a variable of this process. */
export function readFromProcess(name: string): string {
  if (!isGranted({ name: "env", variable: name })) {
    throw new UsageError(
      `Cannot read '{env:${name}}': no permission: run with --allow-env=${name}`,
    );
  }
  const value = Deno.env.get(name);
  if (value !== undefined) return value;
  throw new UsageError(`Cannot read '{env:${name}}': the variable is not set: set it`);
}

/** All up to the `@` of user information, where a placeholder can be in it. */
const USERINFO = /^[a-z]+:\/\/[^/?#\\]*@/i;
/** Braces of a URL's template, and variables. */
const TOKEN = /\{\{|\}\}|\{(\+?)(env:[^{}]*)\}/g;
/** What does not stand for itself in user information, but `%` (RFC 3986 §3.2.1). */
const UNSAFE = /[^\w.~!$&'()*+,;=:%-]/gu;

/** The variables that the templates of a run name. */
export class Variables {
  readonly #read: ReadVariable;
  /** What they have filled in: it may be shown nowhere. */
  readonly values: Set<string> = new Set();

  constructor(read: ReadVariable) {
    this.#read = read;
  }

  /**
   * Parts of a template with the values of variables.
   *
   * @throws {UsageError} If a variable cannot be read.
   */
  fill(parts: readonly TemplatePart[]): readonly TemplatePart[] {
    return parts.map((part) => {
      const value = typeof part === "string" ? undefined : this.#readValue(part.name);
      return typeof part === "string" || value === undefined ? part : { ...part, value };
    });
  }

  /**
   * A URL's template with the values of variables in its user information, which no record shows.
   *
   * @throws {UsageError} If a variable stands elsewhere, or cannot be read.
   */
  fillUrl(url: string): string {
    if (!/\{\+?env:/.test(url)) return url;
    const [userinfo] = USERINFO.exec(url) ?? [""];
    const rest = url.slice(userinfo.length);
    if (UrlTemplate.parse(rest).names.some((name) => findVariable(name) !== undefined)) {
      throw new UsageError(
        "Cannot use {env:NAME} in the URL: records show the URL, and the value can be a secret: " +
          "use it in a header or in the body, or let the shell fill in what is not secret",
      );
    }
    const filled = userinfo.replace(TOKEN, (token: string, plus: string, name?: string) => {
      const value = name === undefined ? undefined : this.#readValue(name);
      if (name === undefined || value === undefined) return token;
      // What is encoded already stays so; anything else would end the user information, and be shown.
      return plus === "" && !isPercentEncoded(name)
        ? encodeInUserinfo(value)
        : value.toWellFormed().replace(UNSAFE, encodeURIComponent);
    });
    return filled + rest;
  }

  /** The value of a placeholder that stands for a variable; undefined for another. */
  #readValue(name: string): string | undefined {
    const variable = findVariable(name);
    if (variable === undefined) return undefined;
    const value = applyFilters(name, this.#read(variable));
    this.values.add(value);
    return value;
  }
}
