/**
 * The command line as it may be shown to others.
 *
 * @module
 */
import type { FlagValues } from "../cli/flag_values.ts";
import type { Flag } from "../cli/flags.ts";
import { showPath } from "../source/remote_path.ts";
import { quoteWord } from "../text/quote_word.ts";
import { isSecretHeader, withoutSecrets, withoutSecretsWithin } from "../text/secrets.ts";
import { isFileReference, redactFileReference } from "./value_file.ts";

/** What stands for text that is not shown. */
const HIDDEN = "…";
/** The maximum number of characters of a value, and of the whole command. */
const MAX_VALUE_LENGTH = 300;
const MAX_LENGTH = 4_000;

/** The command line, as a shell would take it, without secrets. */
export function redactCommand(values: FlagValues): string {
  const words = ["myriad"];
  const flags = new Map(values.flags.map((flag) => [flag.name, flag]));
  for (const [name, value] of values.all) {
    const flag = flags.get(name)!;
    if (value === true) words.push(`--${name}`);
    else if (flag.value === undefined) words.push(quoteWord(`--${name}=${redact(flag, value)}`));
    else words.push(`--${name}`, quoteWord(redact(flag, value)));
  }
  words.push(...values.positionals.map((url) => quoteWord(redactTemplate(url))));
  return cut(words.join(" "), MAX_LENGTH);
}

/** A URL's template, without secrets, no longer than a title may be. */
export function redactTemplate(url: string): string {
  return cut(withoutSecrets(url), MAX_VALUE_LENGTH);
}

function redact({ fromFile, secret, path }: Flag, value: string): string {
  if (fromFile && isFileReference(value)) return redactFileReference(value);
  if (secret === "value") return HIDDEN;
  // The URL of a proxy need not have a scheme.
  const [field] = value.split(":", 1);
  if (secret === "field" && isSecretHeader(field.trim())) return `${field}: ${HIDDEN}`;
  // The URL of a proxy need not have a scheme.
  const bare = secret === "userinfo" ? value.replace(/^(\w+:\/\/)?.*@/s, "$1") : value;
  return cut(withoutSecretsWithin(path === undefined ? bare : showPath(bare)), MAX_VALUE_LENGTH);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}${HIDDEN}`.toWellFormed() : text;
}
