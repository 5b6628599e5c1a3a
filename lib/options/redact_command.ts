/**
 * The command line as it may be shown to others.
 *
 * @module
 */
import type { Flag, ParsedFlags } from "../cli/flags.ts";
import { isSecretHeader, withoutSecrets, withoutUserinfos } from "../text/secrets.ts";
import { fileFlag, isFileReference } from "./value_file.ts";

/** What stands for what is not shown. */
const HIDDEN = "…";
/** Most characters of a value, and of all of it. */
const MAX_VALUE_LENGTH = 300;
const MAX_LENGTH = 4_000;

/** Flags whose value is hidden, unless it names a file. A body can hold a password as well. */
const SECRET: ReadonlySet<string> = new Set(["user", "cookie", "data"]);
/** Flags of a name and a value behind a colon. */
const OF_FIELDS: ReadonlySet<string> = new Set(["header", "expect-header"]);

/** The command line, as a shell would take it, without secrets. */
export function redactCommand(
  { values, positionals }: ParsedFlags,
  flags: readonly Flag[],
): string {
  const words = ["myriad"];
  for (const flag of flags) {
    const { name } = flag;
    const given = values[name];
    if (given === undefined || given === false) continue;
    for (const value of Array.isArray(given) ? given : [given]) {
      if (value === true) words.push(`--${name}`);
      else if (flag.value === undefined) words.push(quoted(`--${name}=${shown(name, value)}`));
      else words.push(`--${name}`, quoted(shown(name, value)));
    }
  }
  words.push(...positionals.map((url) => quoted(redactUrl(url))));
  return cut(words.join(" "), MAX_LENGTH);
}

/** A URL's template, without secrets, no longer than a title may be. */
export function redactUrl(url: string): string {
  return cut(withoutSecrets(url), MAX_VALUE_LENGTH);
}

function shown(name: string, value: string): string {
  if ((SECRET.has(name) || name === "header" || name === "proxy") && isFileReference(value)) {
    return fileFlag(name, value).slice(`--${name} `.length);
  }
  if (SECRET.has(name)) return HIDDEN;
  // A proxy need not have a scheme.
  if (name === "proxy") return value.replace(/^(\w+:\/\/)?.*@/s, "$1");
  const [field] = value.split(":", 1);
  if (OF_FIELDS.has(name) && isSecretHeader(field.trim())) return `${field}: ${HIDDEN}`;
  return cut(withoutUserinfos(value), MAX_VALUE_LENGTH);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}${HIDDEN}`.toWellFormed() : text;
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
