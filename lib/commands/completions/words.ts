import { type Flag, listSpellings } from "../../cli/flags.ts";
import type { CommandHelp } from "../../cli/format_help.ts";

/**
 * What a value can be completed to: one of some words, a file, a file behind `@`, or nothing that
 * the program knows.
 */
export type Completion = readonly string[] | "file" | "@file" | "nothing";

/** A flag, as a shell completes it. */
export interface CompletedFlag {
  /** All ways to write it, with their dashes. */
  readonly names: readonly string[];
  /** What it does, in one line. */
  readonly help: string;
  /** Whether it takes a value; an optional one stands behind `=`. */
  readonly takes: "nothing" | "value" | "optional value";
  /** What stands for the value in the help; empty without one. */
  readonly value: string;
  readonly completion: Completion;
  readonly isRepeatable: boolean;
  /** All ways to write the flags that it cannot stand with. */
  readonly excludes: readonly string[];
}

/** A command, as a shell completes it. */
export interface CompletedCommand {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly CompletedFlag[];
  /** What an argument that belongs to no flag can be completed to. */
  readonly argument: Completion;
}

/** The commands with their flags, as shells complete them. */
export function listCompleted(
  pages: Readonly<Record<string, CommandHelp>>,
): readonly CompletedCommand[] {
  return Object.entries(pages).map(([name, { about, flags, argument }]) => ({
    name,
    about: about.replace(/\.$/, ""),
    argument: argument ?? "nothing",
    flags: flags.map((flag) => describeFlag(flag, flags)),
  }));
}

function describeFlag(flag: Flag, all: readonly Flag[]): CompletedFlag {
  const { name, help, value, optionalValue, repeatable = false, excludes = [] } = flag;
  return {
    names: listSpellings(flag),
    help,
    takes: value !== undefined
      ? "value"
      : optionalValue !== undefined
      ? "optional value"
      : "nothing",
    value: value ?? optionalValue ?? "",
    completion: findCompletion(flag),
    isRepeatable: repeatable,
    excludes: all.filter((other) => excludes.includes(other.name) || other.excludes?.includes(name))
      // A flag that can be turned off stands with the others then.
      .filter((other) => other.off === undefined && flag.off === undefined)
      .flatMap(listSpellings),
  };
}

function findCompletion({ kind, path, fromFile = false }: Flag): Completion {
  if (kind?.words !== undefined) return kind.words;
  if (path !== undefined && path.fixed === undefined) return "file";
  return fromFile ? "@file" : "nothing";
}
