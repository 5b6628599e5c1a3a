/**
 * What a row of the table of `myriad run` can say in addition to those of other commands.
 *
 * @module
 */
import type { Flag } from "../../cli/flags.ts";
import type { Capability } from "../../engine/engines.ts";
import type { RunOptions } from "../run_options.ts";

/** How a flag is part of what makes a run this one. Only the same run can be resumed. */
export interface FlagIdentity {
  /**
   * What has to stay the same, as JSON has it; bytes stand for their hash. Undefined, or null, where
   * the flag is not given.
   */
  readonly of: (options: RunOptions) => unknown;
  /** Whether the journal keeps only a salted hash of it. @default {false} */
  readonly isSecret?: boolean;
  /**
   * Whether `--retry-failed` can change it: the records are `judged` by the new one, or it is about
   * the `failures`, which are written anew.
   */
  readonly inRetry?: "judged" | "failures";
}

/** A part of the library whose options are flags. */
export type LibraryPart = "Client" | "Records" | "pace";

/** A flag of `myriad run`. */
export interface RunFlag extends Flag {
  /** The member of the options that is the flag's value as it is read. */
  readonly option?: keyof RunOptions;
  readonly identity?: FlagIdentity;
  /** Whether the workers of a run on several machines do not get it. @default {false} */
  readonly isOfSubmitter?: boolean;
  /** Which parts of the library have it as an option. @default none of them */
  readonly inLibrary?: readonly LibraryPart[];
  /** Why a flow cannot have it, in words; missing if it can. */
  readonly notWithFlow?: string;
  /** What the engine has to be able to do: with any value, or with some. */
  readonly needs?: Capability | ((value: string) => Capability | undefined);
}

/** What stands for a switch that is given, in a run's identity. */
export const GIVEN = "given";

/** Words for a help text: `a, b or c`. */
export function listWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
