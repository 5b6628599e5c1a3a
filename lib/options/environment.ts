/**
 * Placeholders that stand for environment variables: `{env:NAME}`. They are filled in once, as the
 * command line is read, so that no thread, machine or journal has to know the variable.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { isGranted } from "../process/permission.ts";
import { applyFilters, findVariable } from "../source/template_functions.ts";
import type { TemplatePart } from "../source/text_template.ts";
import { UrlTemplate } from "../source/url_template.ts";

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

/** Parts of a template with the values of variables. */
export function fillVariables(
  parts: readonly TemplatePart[],
  readVariable: ReadVariable,
): readonly TemplatePart[] {
  return parts.map((part) => {
    const variable = typeof part === "string" ? undefined : findVariable(part.name);
    if (typeof part === "string" || variable === undefined) return part;
    return { ...part, value: applyFilters(part.name, readVariable(variable)) };
  });
}

/** All up to the `@` of user information, where a placeholder can be in it. */
const USERINFO = /^[a-z]+:\/\/[^/?#\\]*@/i;
/** Braces of a URL's template, and variables. */
const TOKEN = /\{\{|\}\}|\{\+?(env:[^{}]*)\}/g;

/**
 * A URL's template with the values of variables in its user information, which no record shows.
 *
 * @throws {UsageError} If a variable stands elsewhere.
 */
export function fillUrl(url: string, readVariable: ReadVariable): string {
  if (!/\{\+?env:/.test(url)) return url;
  const [userinfo] = USERINFO.exec(url) ?? [""];
  const rest = url.slice(userinfo.length);
  if (UrlTemplate.parse(rest).names.some((name) => findVariable(name) !== undefined)) {
    throw new UsageError(
      "Cannot use {env:NAME} in the URL: records show the URL, and the value can be a secret: " +
        "use it in a header or in the body, or let the shell fill in what is not secret",
    );
  }
  const filled = userinfo.replace(TOKEN, (token: string, name: string | undefined) => {
    const variable = name === undefined ? undefined : findVariable(name);
    if (variable === undefined) return token;
    return encodeURIComponent(applyFilters(name!, readVariable(variable)).toWellFormed());
  });
  return filled + rest;
}
