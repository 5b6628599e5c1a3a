/**
 * Reads options that are flags of `myriad run`, by names in camel case: `hostRate` is `--host-rate`.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { closest } from "../cli/closest.ts";
import { UsageError } from "../errors.ts";
import { parseRun } from "../options/parse.ts";
import type { LibraryPart, RunFlag } from "../options/rows/flag.ts";
import type { RunOptions } from "../options/run_options.ts";
import { RUN_FLAGS } from "../options/table.ts";

/** What each part cannot do with wrong options, in words. */
export const PURPOSES: Readonly<Record<LibraryPart, string>> = {
  Client: "open a client",
  Records: "open the records",
  pace: "pace items",
};

/** A URL for the command line: the requests bring their own. */
const PLACEHOLDER = "http://localhost/";

/**
 * Reads options as the command line of a run is read, so that they have its defaults and refusals.
 *
 * @throws {RangeError} If an option is unknown, contradicts another, or has a wrong value.
 */
export async function readFlags(options: object, part: LibraryPart): Promise<RunOptions> {
  const names = listFlags(part);
  const argv = Object.entries(options).flatMap(([option, value]) => {
    const name = names.get(option);
    if (name !== undefined) return toArguments(name, value);
    const known = [...names.keys()];
    const meant = closest(option, known);
    const fix = meant === undefined
      ? `use some of ${known.join(", ")}`
      : `did you mean '${meant}'?`;
    throw new RangeError(`Cannot ${PURPOSES[part]}: unknown option '${option}': ${fix}`);
  });
  return await parseRun([...argv, PLACEHOLDER], config.version)
    .catch((error) => refuse(error, part)) as RunOptions;
}

/** Names of flags, by those of the options of a part. */
function listFlags(part: LibraryPart): Map<string, string> {
  const flags: readonly RunFlag[] = RUN_FLAGS;
  return new Map(
    flags.filter(({ inLibrary }) => inLibrary?.includes(part))
      .map(({ name }) => [toOption(name), name]),
  );
}

function toOption(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function toArguments(name: string, value: unknown): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  return [value].flat().map((one) => `--${name}=${one}`);
}

/** @throws {RangeError} In place of an error of the command line; what else failed is thrown as it is. */
export function refuse(error: unknown, part: LibraryPart): never {
  if (!(error instanceof UsageError)) throw error;
  throw new RangeError(`Cannot ${PURPOSES[part]}: ${nameOptions(error.message, part)}`);
}

/** A message about flags, with the names of the options of a part. */
export function nameOptions(message: string, part: LibraryPart): string {
  const names = listFlags(part);
  return message.replaceAll(/--([a-z][a-z\d-]*)/g, (flag, name: string) => {
    const option = toOption(name);
    return names.has(option) ? option : flag;
  });
}
