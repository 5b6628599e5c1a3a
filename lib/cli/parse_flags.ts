/**
 * Reads a command line by a table of flags.
 *
 * It is a loop of its own, since `parseArgs` of `@std/cli` is not strict: among other things it
 * reads `-HAccept: a=b` as the value `b`, and takes `--json=no` for `--json`. What it gets wrong is
 * shown by the test "std's parseArgs() is not strict enough for the table of flags".
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { closest } from "./closest.ts";
import { FlagValues, type GivenFlag, type GivenValue } from "./flag_values.ts";
import { type Flag, listSpellings } from "./flags.ts";

/** Options for {@linkcode parseFlags}. */
export interface ParseOptions {
  /** What to use instead of a letter or a name that other programs have, and this one does not. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/**
 * Reads a command line: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc` for switches,
 * `--` before arguments that are not flags. A switch takes a value only behind `=`. The value in an
 * argument of its own cannot begin with `-`, unless it is `-`. This shows when a value was
 * forgotten.
 * A long name with one dash is refused: programs in Go take it, and its letters mean other things.
 *
 * @param command the words after which `--help` shows this table
 * @throws {UsageError} If a flag is unknown, lacks its value, has one it does not take, or is given
 * twice. No value is repeated in the message: it can be a secret.
 */
export function parseFlags<Row extends Flag>(
  flags: readonly Row[],
  argv: readonly string[],
  command: string,
  { elsewhere = {} }: ParseOptions = {},
): FlagValues<Row> {
  const given: GivenFlag[] = [];
  const positionals: string[] = [];
  const bySpelling = new Map<string, Row>();
  for (const flag of flags) for (const it of listSpellings(flag)) bySpelling.set(it, flag);

  const add = ({ name }: Flag, value: GivenValue): void => void given.push([name, value]);
  const unknown = (name: string, shown: string): UsageError => {
    const meant = closest(name, flags.map(({ name }) => name));
    const how = Object.hasOwn(elsewhere, name)
      ? elsewhere[name]
      : meant === undefined
      ? `see '${command} --help'`
      : `did you mean '--${meant}'?`;
    return new UsageError(`Unknown option '${shown}': ${how}`);
  };

  const checkDashes = (arg: string): void => {
    const [, name] = /^-([^=]{2,})/s.exec(arg) ?? [];
    if (name === undefined) return;
    const flag = bySpelling.get(`--${name}`);
    if (flag === undefined) {
      if (Object.hasOwn(elsewhere, name)) throw unknown(name, `-${name}`);
      return;
    }
    // `-data` can also be the body `ata`.
    const isBoth = flag.value !== undefined && flag.short === name[0];
    const apart = isBoth ? `, or '-${flag.short}' with its value apart` : "";
    throw new UsageError(
      `Unknown option '-${name}': long options take two dashes: use '--${name}'${apart}`,
    );
  };

  for (let k = 0; k < argv.length; k++) {
    const arg = argv[k];
    const takeNext = (shown: string): string => {
      const next = argv[k + 1];
      if (next === undefined || (next.startsWith("-") && next !== "-")) {
        const how = shown.startsWith("--") ? `${shown}=VALUE` : `${shown}VALUE`;
        throw new UsageError(
          `'${shown}' has no value: add one; write '${how}' if it begins with '-'`,
        );
      }
      k++;
      return next;
    };
    if (arg === "--") {
      positionals.push(...argv.slice(k + 1));
      break;
    }
    if (arg.startsWith("--")) {
      const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg)!;
      const flag = bySpelling.get(`--${name}`);
      if (flag === undefined) throw unknown(name, `--${name}`);
      add(flag, readLong(flag, name, value, takeNext));
    } else if (arg.startsWith("-") && arg !== "-") {
      checkDashes(arg);
      // A letter that takes a value takes the rest of its argument.
      for (let rest = arg.slice(1); rest !== "";) {
        const letter = String.fromCodePoint(rest.codePointAt(0)!);
        const flag = bySpelling.get(`-${letter}`);
        if (flag === undefined) throw unknown(letter, `-${letter}`);
        rest = rest.slice(letter.length);
        if (flag.value === undefined) {
          add(flag, true);
          continue;
        }
        const value = rest === "" ? takeNext(`-${letter}`) : rest;
        checkMistaken(flag, `-${letter}`, value);
        add(flag, value);
        rest = "";
      }
    } else positionals.push(arg);
  }
  const values = new FlagValues(flags, given, positionals);
  for (const { name, repeatable, value, optionalValue } of flags) {
    const times = values.given(name).length;
    const isSwitch = value === undefined && optionalValue === undefined;
    if (times > 1 && !repeatable && !isSwitch) {
      throw new UsageError(`'--${name}' is given ${times} times: use it once`);
    }
  }
  return values;
}

/**
 * The value of a flag that is written in full.
 *
 * @param name its name as it was written
 */
function readLong(
  flag: Flag,
  name: string,
  inline: string | undefined,
  takeNext: (shown: string) => string,
): GivenValue {
  const { value, optionalValue } = flag;
  if (value !== undefined) {
    const text = inline ?? takeNext(`--${name}`);
    if (name !== flag.name) checkMistaken(flag, `--${name}`, text);
    return text;
  }
  if (inline === undefined) return true;
  if (optionalValue === undefined) {
    throw new UsageError(`'--${name}' takes no value: leave out what begins with '='`);
  }
  if (inline !== "") return inline;
  throw new UsageError(`'--${name}=' has no value: use '--${name}=${optionalValue}', or no '='`);
}

function checkMistaken({ name, mistaken }: Flag, shown: string, value: string): void {
  if (mistaken === undefined || !mistaken.value.test(value)) return;
  const { is, instead } = mistaken;
  throw new UsageError(
    `'${shown}' is ${is} here: use ${instead}, or write '--${name}' if you mean ${is}`,
  );
}
