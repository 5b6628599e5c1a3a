/**
 * A flag is one row of a command's table. Parser, help, `--config`, refusals, redaction and
 * documents are derived from the rows.
 *
 * @module
 */
import type { Endings } from "./file_endings.ts";
import type { Kind } from "./kinds.ts";

/** A file or folder that the value of a flag names. */
export interface FlagPath {
  /** Nothing else may be written to a path that is written or read. */
  readonly access: "read" | "write";
  /** Whether `-` stands for standard input or output. @default {false} */
  readonly stdio?: boolean;
  /** What a switch writes to, where the flag has no value to say so. */
  readonly fixed?: "-";
  /** How the name can end. Where this is missing, every name is valid. */
  readonly endings?: Endings;
  /** The flag that says the format. Where it is given, the name can end as it likes. */
  readonly formatFlag?: string;
  /**
   * Whether a path is that of a file which the program makes by itself for the file that is named,
   * such as its journal.
   */
  readonly derives?: (named: string, path: string) => boolean;
}

/** One flag. */
export interface Flag {
  /** The long name, without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /**
   * More letters and long names, without dashes, as other programs have them. What follows is the
   * same as if the flag had been written by its own name.
   */
  readonly aliases?: readonly string[];
  /** What stands for the value in the help; a flag without one is a switch. */
  readonly value?: string;
  /** What stands for the value that a switch may have behind `=`, as in `--cookie-jar=FILE`. */
  readonly optionalValue?: string;
  /** How the value is read. @default a text as it is */
  readonly kind?: Kind<unknown>;
  /** Whether it may be given more than once. @default {false} */
  readonly repeatable?: boolean;
  /** The value where none is given, as a user would write it. */
  readonly default?: string;
  /** The same in words, where it depends on something. */
  readonly defaultWords?: string;
  /** What it does, in one line, without its default. */
  readonly help: string;
  /** The heading it stands under in the help. @default {"Options"} */
  readonly section?: string;
  /** Flags that have to be given too; of a list, one of them. */
  readonly requires?: readonly (string | readonly string[])[];
  /** The flag whose value has to be a file, where it is given: not standard input or output. */
  readonly requiresFile?: string;
  /** Flags that cannot be given too. One of the two says so. */
  readonly excludes?: readonly string[];
  /** The value that turns it off: it then excludes nothing, and is not what others require. */
  readonly off?: string;
  /** What it names, if that is a file or a folder. */
  readonly path?: FlagPath;
  /** Whether `@FILE` and `@-` stand for a value in a file or on standard input. */
  readonly fromFile?: boolean;
  /**
   * What is hidden where the command line is shown: the whole value, the user information of a
   * URL, or the value of a field whose name tells of a secret.
   */
  readonly secret?: "value" | "userinfo" | "field";
  /** Whether `--config` cannot hold it. @default {false} */
  readonly commandLineOnly?: boolean;
  /** The engines that do not have it. @default all have it */
  readonly lackedBy?: readonly string[];
  /**
   * Values that show that the user means the letter, or an alias, as another program does. They are
   * refused: a message tells what it `is` here, and what to use `instead`. The long name takes them.
   */
  readonly mistaken?: { readonly value: RegExp; readonly is: string; readonly instead: string };
}

/** All ways to write a flag, with their dashes: `-m`, `--method`, `-X`, `--request`. */
export function listSpellings({ name, short, aliases = [] }: Flag): string[] {
  return [...short === undefined ? [] : [`-${short}`], `--${name}`, ...aliases.map(addDashes)];
}

/** A letter behind one dash, a name behind two. */
export function addDashes(name: string): string {
  return [...name].length === 1 ? `-${name}` : `--${name}`;
}
