/**
 * Flags that stand in a file: a JSON object of their long names, and `url`.
 *
 * @module
 */
import { closest } from "../cli/closest.ts";
import { FlagValues, type GivenFlag, type GivenValue } from "../cli/flag_values.ts";
import type { Flag } from "../cli/flags.ts";
import { UsageError } from "../errors.ts";
import { type ReadFile, readShortText } from "./read_file.ts";
import type { RunValues } from "./table.ts";

/** The longest name that is repeated in a message, in UTF-16 code units. */
const MAX_SHOWN_LENGTH = 40;

/**
 * The flags of the command line together with those of a `--config` file. The command line
 * comes first, flag by flag, so that a list there replaces the list of the file.
 *
 * @throws {UsageError} If the file is not a JSON object of flags. No value in it is repeated.
 */
export async function withConfig(
  values: RunValues,
  path: string,
  readFile: ReadFile,
): Promise<RunValues> {
  const text = await readShortText(readFile, path, `--config ${path}`);
  const { given, url } = parseConfig(text, values.flags, path);
  return values.or(new FlagValues(values.flags, given, url === undefined ? [] : [url]));
}

interface Config {
  readonly given: readonly GivenFlag[];
  readonly url: string | undefined;
}

function parseConfig(text: string, flags: readonly Flag[], path: string): Config {
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
    return fail(`it is not JSON${where}: write an object like {"requests":"1M"}`);
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    return fail(`it is not a JSON object: write one like {"requests":"1M"}`);
  }
  const shown = (name: string): string => name.slice(0, MAX_SHOWN_LENGTH).toWellFormed();
  const twice = findDuplicate(text);
  if (twice !== undefined) fail(`it has '${shown(twice)}' twice: write it once`);
  if (!isWellFormed(config)) {
    fail("it has a lone surrogate, which UTF-8 cannot encode: leave the escape out");
  }
  const given: GivenFlag[] = [];
  let url: string | undefined;
  for (const [name, value] of Object.entries(config)) {
    if (name === "url") {
      if (typeof value !== "string") return fail("its 'url' must be a text");
      url = value;
      continue;
    }
    const flag = flags.find((flag) => flag.name === name);
    if (flag === undefined) {
      const meant = flags.find(({ aliases }) => aliases?.includes(name))?.name ??
        closest(name.slice(0, MAX_SHOWN_LENGTH), flags.map(({ name }) => name));
      const how = meant === undefined
        ? "use long names, see 'myriad --help'"
        : `did you mean '${meant}'?`;
      return fail(`there is no flag '${shown(name)}': ${how}`);
    }
    if (flag.commandLineOnly) fail(`'${name}' cannot stand in a file: leave it out`);
    const read = toGiven(flag, value);
    if (read === undefined) return fail(`its '${name}' must be ${describeType(flag)}`);
    given.push(...read.map((value) => [name, value] as const));
  }
  return { given, url };
}

/** Whether no text of a flag has a lone surrogate, as of `"\ud800"`. */
function isWellFormed(config: object): boolean {
  return Object.values(config).flat().every((value) =>
    typeof value !== "string" || value.isWellFormed()
  );
}

/**
 * A value as the command line would give it, nothing for a switch that is off; undefined if it is of
 * the wrong type.
 */
function toGiven(flag: Flag, value: unknown): readonly GivenValue[] | undefined {
  if (flag.value === undefined) {
    if (typeof value === "boolean") return value ? [true] : [];
    if (typeof value !== "string" || value === "" || flag.optionalValue === undefined) return;
    return flag.kind?.words?.includes(value) === false ? undefined : [value];
  }
  if (flag.repeatable) {
    const list = Array.isArray(value) ? value : [value];
    return list.every(isScalar) ? list.map(String) : undefined;
  }
  return isScalar(value) ? [String(value)] : undefined;
}

function isScalar(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** What a flag takes, in words. */
function describeType({ value, optionalValue, kind, repeatable }: Flag): string {
  if (value !== undefined) return `a text or a number${repeatable ? ", or a list of them" : ""}`;
  if (optionalValue === undefined) return "true or false";
  return `true, false or ${kind?.words?.map((word) => `"${word}"`).join(" or ") ?? "a text"}`;
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
