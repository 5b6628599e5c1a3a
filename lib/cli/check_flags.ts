/**
 * Refuses flags that do not go together, by what their rows say.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { checkBareFormat, checkEnding } from "./file_endings.ts";
import type { FlagValues } from "./flag_values.ts";
import type { Flag } from "./flags.ts";

/**
 * Checks what is given for flags of one command, but not whether each value is one of its kind.
 *
 * @throws {UsageError} If a flag lacks another that it requires, or excludes one that is given; if
 * two flags write to one place, or one writes where another reads; if the ending of a name promises
 * another format, or a name is only that of a format; if two values come from standard input.
 */
export function checkFlags(values: FlagValues): void {
  checkCombinations(values);
  checkPaths(values);
  checkEndings(values);
  checkStdin(values);
}

function checkCombinations(values: FlagValues): void {
  for (const flag of values.flags) {
    const { name, requires = [], requiresFile, excludes = [] } = flag;
    if (!values.isOn(name)) continue;
    for (const one of requires) {
      const others = [one].flat();
      if (others.some((other) => values.isOn(other))) continue;
      const named = others.map((other) => `'--${other}'`).join(" or ");
      const add = others.length === 1 ? "add it" : "add one of them";
      throw new UsageError(`'--${name}' needs ${named}: ${add}, or leave '--${name}' out`);
    }
    if (requiresFile !== undefined && values.texts(requiresFile).includes("-")) {
      throw new UsageError(
        `'--${name}' needs a file: use '--${requiresFile} FILE' instead of '--${requiresFile} -'`,
      );
    }
    const other = excludes.find((other) => values.isOn(other));
    if (other !== undefined) {
      throw new UsageError(`'--${name}' and '--${other}' contradict each other: use one of them`);
    }
  }
}

/** A path that a flag names, as it is compared with others. */
interface NamedPath {
  readonly name: string;
  readonly path: string;
  readonly isWritten: boolean;
}

function listPaths(values: FlagValues): NamedPath[] {
  return values.flags.flatMap(({ name, path, fromFile }) => {
    if (fromFile) {
      return values.texts(name).filter((text) => text.startsWith("@") && text !== "@-")
        .map((text) => ({ name, path: bare(text.slice(1)), isWritten: false }));
    }
    if (path === undefined || !values.has(name)) return [];
    const isWritten = path.access === "write";
    const texts = path.fixed === undefined ? values.texts(name) : [path.fixed];
    return texts.filter((text) => isWritten || text !== "-")
      .map((text) => ({ name, path: bare(text), isWritten }));
  });
}

function bare(path: string): string {
  return path.replace(/^(\.\/+)+/, "");
}

/** Whether a flag's value is standard output. */
export function writesToStdout(values: FlagValues): boolean {
  return values.flags.some((flag) => isStdout(values, flag));
}

function isStdout(values: FlagValues, { name, path }: Flag): boolean {
  return path?.access === "write" && values.texts(name).includes("-");
}

function checkPaths(values: FlagValues): void {
  const wrong = values.flags.find((flag) => isStdout(values, flag) && !flag.path?.stdio);
  if (wrong !== undefined) {
    throw new UsageError(`'--${wrong.name}' cannot go to standard output: name a file`);
  }
  const paths = listPaths(values);
  // What is read comes first, as users think of it.
  paths.sort((a, b) => Number(a.isWritten) - Number(b.isWritten));
  for (const [k, { name, path, isWritten }] of paths.entries()) {
    const other = isWritten && paths.slice(0, k).find((other) => other.path === path);
    if (!other) continue;
    const what = path === "-" ? "standard output" : `the file '${path}'`;
    throw new UsageError(`'--${other.name}' and '--${name}' both want ${what}: change one of them`);
  }
  for (const owner of values.flags) {
    const { derives } = owner.path ?? {};
    if (derives === undefined) continue;
    for (const named of values.texts(owner.name).filter((text) => text !== "-").map(bare)) {
      const taken = paths.find(({ path }) => derives(named, path));
      if (taken === undefined) continue;
      throw new UsageError(
        `'--${taken.name} ${taken.path}' is the name of a file that '--${owner.name} ${named}' ` +
          "makes by itself: use another name",
      );
    }
  }
}

function checkEndings(values: FlagValues): void {
  for (const { name, path } of values.flags) {
    if (path?.endings === undefined) continue;
    const { endings, formatFlag } = path;
    const isSaid = formatFlag !== undefined && values.has(formatFlag);
    for (const text of values.texts(name)) {
      const allowed = isSaid ? { ...endings, formats: "any" } as const : endings;
      checkBareFormat(text, `--${name}`, allowed);
      checkEnding(text, `--${name}`, allowed);
    }
  }
}

/** Standard input can be read once. */
function checkStdin(values: FlagValues): void {
  const wanting = values.flags.flatMap(({ name, path, fromFile }) => {
    const stdin = fromFile ? "@-" : path?.access === "read" && path.stdio ? "-" : undefined;
    return values.texts(name).filter((text) => text === stdin)
      .map((text) => `'--${name} ${text}'`);
  });
  if (wanting.length < 2) return;
  throw new UsageError(
    `${wanting[1]} and ${wanting[0]} both want stdin: use a file for one of them`,
  );
}
