/**
 * Values that stand in a file, so that nobody sees them in the list of processes: `@FILE`, or `@-`
 * for standard input.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { readShortText } from "./read_file.ts";
import type { FlagValues } from "./values.ts";

/** Flags whose value can be `@-`; that of `--input` is `-`. */
const FROM_STDIN = ["input", "data", "header", "user", "cookie", "proxy"];

/**
 * Standard input can be read once.
 *
 * @throws {UsageError} If two values want it.
 */
export function checkStdin(values: FlagValues): void {
  const wanting = FROM_STDIN.flatMap((name) => {
    const stdin = name === "input" ? "-" : "@-";
    return values.all(name).filter((value) => value === stdin).map(() => `'--${name} ${stdin}'`);
  });
  if (wanting.length < 2) return;
  throw new UsageError(
    `${wanting[1]} and ${wanting[0]} both want stdin: give one of them a file`,
  );
}

/** Whether a flag's value names a file that holds it. */
export function isFileReference(value: string): boolean {
  return value.startsWith("@");
}

/** A flag with the name of its file, for messages. */
export function fileFlag(name: string, value: string): string {
  return `--${name} @${shownFile(name, value)}`;
}

/** The file's name; but what was meant for the value itself, and is a secret, can begin so too. */
function shownFile(name: string, value: string): string {
  return name !== "header" && /[:=]/.test(value) ? "…" : value.slice(1);
}

/**
 * The value of a flag: what it says, or for `@FILE` and `@-` the one line that is there.
 *
 * @throws {UsageError} If the file cannot be read, or has more lines. Nothing in it is repeated.
 */
export async function readSecret(name: string, value: string): Promise<string> {
  if (!isFileReference(value)) return value;
  const flag = fileFlag(name, value);
  const text = (await readFlagFile(name, value)).replace(/(?:\r\n|[\r\n])$/, "");
  if (/[\r\n]/.test(text)) {
    throw new UsageError(`Cannot use '${flag}': it has more than one line: leave one`);
  }
  return text;
}

/**
 * The lines of `@FILE` or `@-` that are not blank, each with its number, from 1.
 *
 * @throws {UsageError} If it cannot be read.
 */
export async function secretLines(
  name: string,
  value: string,
): Promise<(readonly [line: string, number: number])[]> {
  const text = await readFlagFile(name, value);
  return text.split(/\r\n|[\r\n]/).map((line, k) => [line, k + 1] as const)
    .filter(([line]) => line.trim() !== "");
}

function readFlagFile(name: string, value: string): Promise<string> {
  return readShortText(value.slice(1), fileFlag(name, value), shownFile(name, value));
}
