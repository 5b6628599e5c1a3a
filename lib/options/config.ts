/**
 * Flags that stand in a file: a JSON object of their long names, and `url`.
 *
 * @module
 */
import { closest } from "../cli/closest.ts";
import type { Flag, ParsedFlags } from "../cli/flags.ts";
import { UsageError } from "../errors.ts";
import { readShortText } from "./read_file.ts";

/** Flags that make no sense in a file. */
const NOT_IN_FILE = ["config", "help", "version"];

/** Longest name that is repeated in a message, in UTF-16 code units. */
const SHOWN_LENGTH = 40;

/**
 * What the command line gives, together with what the file of its `--config` does: the command
 * line comes first, flag by flag, so that a list there replaces the list of the file.
 *
 * @throws {UsageError} If the file is none of a run's. No value in it is repeated.
 */
export async function withConfig(given: ParsedFlags, flags: readonly Flag[]): Promise<ParsedFlags> {
  const path = given.values.config;
  if (typeof path !== "string") return given;
  const config = parseConfig(await readShortText(path, `--config ${path}`), flags, path);
  return {
    values: { ...config.values, ...given.values },
    positionals: given.positionals.length > 0 ? given.positionals : config.positionals,
  };
}

function parseConfig(text: string, flags: readonly Flag[], path: string): ParsedFlags {
  const fail = (why: string): never => {
    throw new UsageError(`Cannot use '--config ${path}': ${why}`);
  };
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    // Its words can hold a piece of the text.
    const place = / \(line (\d+) column (\d+)\)$/.exec((error as Error).message);
    const where = place === null ? "" : ` at line ${place[1]}, column ${place[2]}`;
    return fail(`it is no JSON${where}: give an object like {"requests":"1M"}`);
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    return fail(`it is no JSON object: give one like {"requests":"1M"}`);
  }
  const shown = (name: string): string => name.slice(0, SHOWN_LENGTH).toWellFormed();
  const twice = findDuplicate(text);
  if (twice !== undefined) fail(`it has '${shown(twice)}' twice: give it once`);
  const values: Record<string, string | boolean | string[]> = Object.create(null);
  if (!isWellFormed(config)) {
    fail("it has a lone surrogate, which UTF-8 cannot encode: leave the escape out");
  }
  let url: string | undefined;
  for (const [name, value] of Object.entries(config)) {
    if (name === "url") {
      if (typeof value !== "string") return fail("its 'url' is no text: give a text");
      url = value;
      continue;
    }
    const flag = flags.find((flag) => flag.name === name);
    if (flag === undefined) {
      const meant = closest(name.slice(0, SHOWN_LENGTH), flags.map(({ name }) => name));
      const how = meant === undefined
        ? "give long names, see 'myriad --help'"
        : `did you mean '${meant}'?`;
      return fail(`there is no flag '${shown(name)}': ${how}`);
    }
    if (NOT_IN_FILE.includes(name)) fail(`'${name}' cannot stand in a file: leave it out`);
    if (flag.notYet) fail(`'${name}' is not yet built: leave it out`);
    const read = toFlagValue(flag, value);
    if (read === undefined) fail(`its '${name}' is of the wrong type: give ${describeType(flag)}`);
    // A switch that is off is not given.
    else if (read !== false) values[name] = read;
  }
  return { values, positionals: url === undefined ? [] : [url] };
}

/** Whether no text of a flag has a lone surrogate, as of `"\ud800"`. */
function isWellFormed(config: object): boolean {
  return Object.values(config).flat().every((value) =>
    typeof value !== "string" || value.isWellFormed()
  );
}

/** A value as the command line would give it; undefined if it is of the wrong type. */
function toFlagValue(flag: Flag, value: unknown): string | boolean | string[] | undefined {
  if (flag.value === undefined) {
    const isOwn = typeof value === "boolean" ||
      (typeof value === "string" && value === flag.switchValue) ||
      (typeof value === "string" && value !== "" && flag.optionalValue !== undefined);
    return isOwn ? value : undefined;
  }
  if (flag.repeatable) {
    const list = Array.isArray(value) ? value : [value];
    return list.every((it) => typeof it === "string") ? list : undefined;
  }
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** What a flag takes, in words. */
function describeType(flag: Flag): string {
  if (flag.value === undefined) {
    return flag.switchValue === undefined
      ? "true or false"
      : `true, false or "${flag.switchValue}"`;
  }
  return flag.repeatable ? "a text, or a list of texts" : "a text or a number";
}

/** A name that an object has twice, of which `JSON.parse` would keep the last. */
function findDuplicate(json: string): string | undefined {
  const names = new Set<string>();
  let depth = 0;
  let last = "";
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token !== ":") last = token;
    else if (depth === 1) {
      const name: string = JSON.parse(last);
      if (names.has(name)) return name;
      names.add(name);
    }
  }
}
