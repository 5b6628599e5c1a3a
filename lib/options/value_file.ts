/**
 * Values that stand in a file, so that nobody sees them in the list of processes: `@FILE`, or `@-`
 * for standard input.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { type ReadFile, readShortText } from "./read_file.ts";

/** Whether a flag's value names a file that holds it. */
export function isFileReference(value: string): boolean {
  return value.startsWith("@");
}

/**
 * `@FILE` as it may be shown: without the name where that looks like a secret, which was meant as
 * the value itself.
 */
export function redactFileReference(value: string): string {
  return `@${redactName(value)}`;
}

function redactName(value: string): string {
  return /[:=]/.test(value) ? "…" : value.slice(1);
}

/** A flag with the name of its file, for messages; the name alone where it is an argument. */
export function nameFlagFile(flag: string | undefined, value: string): string {
  const name = redactFileReference(value);
  return flag === undefined ? name : `--${flag} ${name}`;
}

/**
 * The value of a flag, or of an argument without one: the text itself, or for `@FILE` and `@-` the
 * one line that is there.
 *
 * @throws {UsageError} If the file cannot be read, or has more lines. Nothing in it is repeated.
 */
export async function readSecret(
  flag: string | undefined,
  value: string,
  readFile: ReadFile,
): Promise<string> {
  if (!isFileReference(value)) return value;
  const text = (await readFlagFile(flag, value, readFile)).replace(/(?:\r\n|[\r\n])$/, "");
  if (/[\r\n]/.test(text)) {
    throw new UsageError(
      `Cannot use '${nameFlagFile(flag, value)}': it has more than one line: leave one`,
    );
  }
  return text;
}

/**
 * The lines of `@FILE` or `@-` that are not blank, each with its number, from 1.
 *
 * @throws {UsageError} If it cannot be read.
 */
export async function readSecretLines(
  flag: string,
  value: string,
  readFile: ReadFile,
): Promise<(readonly [line: string, number: number])[]> {
  const text = await readFlagFile(flag, value, readFile);
  return text.split(/\r\n|[\r\n]/).map((line, k) => [line, k + 1] as const)
    .filter(([line]) => line.trim() !== "");
}

function readFlagFile(
  flag: string | undefined,
  value: string,
  readFile: ReadFile,
): Promise<string> {
  return readShortText(readFile, value.slice(1), nameFlagFile(flag, value), redactName(value));
}

/**
 * Refuses U+FFFD: the runtime reads arguments that are not UTF-8 so, and what they were is lost.
 *
 * @throws {UsageError} If the text has it. Nothing of it is repeated.
 */
export function refuseReplaced(flag: string, text: string, fix: string): void {
  if (text.includes("\ufffd")) {
    throw new UsageError(`Cannot send '--${flag}': it is not UTF-8, or has U+FFFD in it: ${fix}`);
  }
}
