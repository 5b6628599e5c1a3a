/**
 * A command line that is read again on another machine: with what its files held here, and without
 * any file there.
 *
 * @module
 */
import type { FlagValues } from "../cli/flag_values.ts";
import { UsageError } from "../errors.ts";
import { type Check, isList, isShape, orNull } from "../text/json_shape.ts";
import type { ReadVariable } from "./environment.ts";
import type { AskPassword, ReadFile } from "./read_file.ts";

/** A command line, and everything that was read for it, as plain data. It can hold secrets. */
export interface RecordedCommand {
  /** Flags in full, each with its value behind `=`, and the URL. */
  readonly argv: readonly string[];
  /** What the files hold, in base64; standard input has the name `-`. */
  readonly files: readonly { readonly path: string; readonly base64: string }[];
  /** What the variables of its environment hold. */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** The password that the user was asked for; null if nobody was. */
  readonly password: string | null;
}

/** The maximum number of bytes of all files together. */
const MAX_BYTES = 16 * 1024 * 1024;
/** The maximum number of arguments, of characters of one, and of files. */
const MAX_ARGUMENTS = 10_000;
const MAX_CHARACTERS = 2 * 1024 * 1024;
const MAX_FILES = 1_000;
/** The maximum number of variables of the environment, and of characters of a name and a value. */
const MAX_VARIABLES = 1_000;
const MAX_VARIABLE_CHARACTERS = 128 * 1024;

function createTextCheck(max: number): Check {
  return (value) => typeof value === "string" && value.length <= max;
}

/** Whether a value of JSON is a recorded command. What its arguments say is checked as they are read. */
export const isRecordedCommand: Check = isShape({
  argv: isList(createTextCheck(MAX_CHARACTERS), MAX_ARGUMENTS),
  files: isList(
    isShape({ path: createTextCheck(MAX_CHARACTERS), base64: createTextCheck(2 * MAX_BYTES) }),
    MAX_FILES,
  ),
  variables: isList(
    isShape({
      name: createTextCheck(MAX_VARIABLE_CHARACTERS),
      value: createTextCheck(MAX_VARIABLE_CHARACTERS),
    }),
    MAX_VARIABLES,
  ),
  password: orNull(createTextCheck(MAX_CHARACTERS)),
});

/** Where the contents of files and the password of the user come from. */
export interface CommandFiles {
  readonly readFile: ReadFile;
  readonly readVariable: ReadVariable;
  /** Undefined where nobody can be asked. */
  readonly askPassword: AskPassword | undefined;
}

/** Reads files for a command line, and keeps what they hold. */
export class CommandRecorder implements CommandFiles {
  readonly #from: CommandFiles;
  readonly #files = new Map<string, Uint8Array>();
  readonly #variables = new Map<string, string>();
  #password: string | null = null;

  constructor(from: CommandFiles) {
    this.#from = from;
  }

  readonly readFile: ReadFile = async (path, flag, options) => {
    const bytes = await this.#from.readFile(path, flag, options);
    this.#files.set(path, bytes);
    const length = this.#files.values().reduce((sum, { length }) => sum + length, 0);
    if (length > MAX_BYTES) {
      throw new UsageError(
        `Cannot submit '${flag}': the files of the command line have more than ` +
          `${MAX_BYTES / 2 ** 20} MiB together, which each worker would have to hold: ` +
          "use shorter ones",
      );
    }
    return bytes;
  };

  readonly readVariable: ReadVariable = (name) => {
    const value = this.#from.readVariable(name);
    this.#variables.set(name, value);
    return value;
  };

  /** Whether the values of variables are in it, which can be secrets. */
  get hasVariables(): boolean {
    return this.#variables.size > 0;
  }

  get askPassword(): AskPassword | undefined {
    const { askPassword } = this.#from;
    return askPassword && (async (name) => this.#password = await askPassword(name));
  }

  /**
   * The command that was read.
   *
   * @param values what it gives, with the flags of its `--config` file
   * @param isLeftOut whether a flag is not for others
   */
  toCommand(values: FlagValues, isLeftOut: (name: string) => boolean): RecordedCommand {
    const argv = values.all.filter(([name]) => !isLeftOut(name))
      .map(([name, value]) => value === true ? `--${name}` : `--${name}=${value}`);
    return {
      argv: [...argv, "--", ...values.positionals],
      files: Array.from(this.#files, ([path, bytes]) => ({ path, base64: bytes.toBase64() })),
      variables: Array.from(this.#variables, ([name, value]) => ({ name, value })),
      password: this.#password,
    };
  }
}

/** The files and variables of a recorded command, which are read from nowhere else. */
export function replayFiles({ files, variables, password }: RecordedCommand): CommandFiles {
  const byPath = new Map(files.map(({ path, base64 }) => [path, base64]));
  return {
    readFile: (path, flag) => {
      const base64 = byPath.get(path);
      if (base64 === undefined) {
        return Promise.reject(new UsageError(`The run does not have what '${flag}' names`));
      }
      try {
        return Promise.resolve(Uint8Array.fromBase64(base64));
      } catch {
        return Promise.reject(new UsageError(`The run has something else for '${flag}'`));
      }
    },
    readVariable: (name) => {
      const found = variables.find((variable) => variable.name === name);
      if (found !== undefined) return found.value;
      throw new UsageError(`The run does not have the variable '${name}'`);
    },
    askPassword: password === null ? undefined : () => Promise.resolve(password),
  };
}
