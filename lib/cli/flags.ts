/**
 * A table of flags, from whose rows come the parser and the help; and the units in which values
 * are given on the command line.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "../errors.ts";
import { closest } from "./closest.ts";

/** One flag. */
export interface Flag {
  /** The long name, without dashes. */
  readonly name: string;
  /** One letter, if it has one. */
  readonly short?: string;
  /** What stands for the value in the help; a flag without one is a switch. */
  readonly value?: string;
  /** The one value that a switch may have, as in `--resume=force`. */
  readonly switchValue?: string;
  /** What stands for any value that a switch may have, as in `--cookie-jar=FILE`. */
  readonly optionalValue?: string;
  /** Whether it may be given more than once. */
  readonly repeatable?: boolean;
  readonly help: string;
  /** The heading it stands under in the help. */
  readonly section: string;
  /**
   * Values by which its letter is meant as another program has it. They are refused: it `is`
   * something here, and for the other thing there is something `instead`. The long name takes them.
   */
  readonly mistaken?: { readonly value: RegExp; readonly is: string; readonly instead: string };
  /** Set while the flag is part of the contract, but not built yet: it is refused. */
  readonly notYet?: boolean;
}

/** What was given on a command line: the flags' texts by long name, and the rest. */
export interface ParsedFlags {
  readonly values: Readonly<Record<string, string | boolean | string[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Options for {@linkcode parseFlags}. */
export interface ParseOptions {
  /** What to use instead of a letter or a name that other programs have, and this one does not. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/**
 * Reads a command line by a table of flags: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-abc` for switches, `--` before what is no flag. What a switch may have stands behind `=` only.
 *
 * @param command the words after which `--help` shows this table
 * @throws {UsageError} If a flag is unknown, lacks its value, has one it does not take, is given
 * twice, or is not built yet.
 */
export function parseFlags(
  flags: readonly Flag[],
  argv: readonly string[],
  command: string,
  { elsewhere = {} }: ParseOptions = {},
): ParsedFlags {
  const options: Record<string, { type: "string" | "boolean"; short?: string; multiple: true }> =
    {};
  for (const flag of flags) {
    const type = flag.value === undefined ? "boolean" : "string";
    options[flag.name] = flag.short === undefined
      ? { type, multiple: true }
      : { type, short: flag.short, multiple: true };
  }
  let parsed;
  // `parseArgs` knows no switches with a value: they become switches of their own.
  const args = argv.map((arg) => {
    const flag = flags.find(({ name, switchValue }) =>
      switchValue !== undefined && arg === `--${name}=${switchValue}`
    );
    return flag === undefined ? arg : `--${flag.name}-${flag.switchValue}`;
  });
  for (const { name, optionalValue } of flags) {
    if (optionalValue === undefined) continue;
    options[withValue(name)] = { type: "string", multiple: true };
    const end = args.indexOf("--");
    args.forEach((arg, k) => {
      if ((k < end || end < 0) && arg.startsWith(`--${name}=`)) {
        args[k] = `--${withValue(name)}${arg.slice(name.length + 2)}`;
      }
    });
  }
  for (const { name, switchValue } of flags) {
    if (switchValue !== undefined) {
      options[`${name}-${switchValue}`] = { type: "boolean", multiple: true };
    }
  }
  try {
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const message = firstSentence(error);
    const unknown = /^Unknown option '--?([^']+)'$/.exec(message)?.[1] ?? "";
    const instead = Object.hasOwn(elsewhere, unknown) ? elsewhere[unknown] : undefined;
    const meant = closest(unknown, flags.map(({ name }) => name));
    throw new UsageError(
      `${message}: ${
        instead ?? (meant === undefined ? `see '${command} --help'` : `did you mean '--${meant}'?`)
      }`,
    );
  }
  for (const token of parsed.tokens) {
    if (token.kind !== "option" || token.rawName.startsWith("--")) continue;
    const { name, mistaken } = flags.find(({ name }) => name === token.name)!;
    if (mistaken === undefined || !mistaken.value.test(token.value ?? "")) continue;
    const { is, instead } = mistaken;
    // The value can be a secret.
    throw new UsageError(
      `'${token.rawName}' is ${is} here: use ${instead}, or write '--${name}' if you mean ${is}`,
    );
  }
  const values: Record<string, string | boolean | string[]> = {};
  for (const flag of flags) {
    const given = parsed.values[flag.name] as (string | boolean)[] | undefined;
    if (parsed.values[`${flag.name}-${flag.switchValue}`] !== undefined) {
      values[flag.name] = flag.switchValue!;
      continue;
    }
    const own = parsed.values[withValue(flag.name)] as string[] | undefined;
    if (own !== undefined) {
      if (own.length > 1) throw givenTwice(flag.name, own.length);
      if (own[0] === "") {
        throw new UsageError(
          `'--${flag.name}=' has no value: give '--${flag.name}=${flag.optionalValue}', or no '='`,
        );
      }
      values[flag.name] = own[0];
      continue;
    }
    if (given === undefined) continue;
    if (flag.notYet) {
      throw new UsageError(`'--${flag.name}' is not yet built: leave it out`);
    }
    if (flag.repeatable) values[flag.name] = given as string[];
    else if (given.length > 1 && flag.value !== undefined) {
      throw givenTwice(flag.name, given.length);
    } else values[flag.name] = given[0];
  }
  return { values, positionals: parsed.positionals };
}

/** The name by which a switch with a value is parsed, which nobody can type. */
function withValue(name: string): string {
  return `${name}\0`;
}

function givenTwice(name: string, times: number): UsageError {
  return new UsageError(`'--${name}' is given ${times} times: give it once`);
}

/** Node's message without its advice, which speaks of what this program's users do not know. */
function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(/\. |\.?\n/, 1)[0];
}

/** The help for a table of flags: a line each, under their headings. */
export function formatFlags(flags: readonly Flag[]): string {
  const built = flags.filter((flag) => !flag.notYet);
  const left = (flag: Flag): string =>
    `  ${flag.short === undefined ? "    " : `-${flag.short}, `}--${flag.name}` +
    (flag.value === undefined ? "" : ` ${flag.value}`) +
    (flag.switchValue === undefined ? "" : `[=${flag.switchValue}]`) +
    (flag.optionalValue === undefined ? "" : `[=${flag.optionalValue}]`);
  const width = Math.max(...built.map((flag) => left(flag).length)) + 2;
  let text = "";
  for (const section of new Set(built.map((flag) => flag.section))) {
    text += `\n${section}:\n`;
    for (const flag of built.filter((flag) => flag.section === section)) {
      text += `${left(flag).padEnd(width)}${
        flag.help.replaceAll("\n", `\n${" ".repeat(width)}`)
      }\n`;
    }
  }
  return text;
}
