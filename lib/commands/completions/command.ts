/**
 * `myriad completions`: prints a script by which a shell completes this program's words.
 *
 * @module
 */
import { formatHelp } from "../../cli/format_help.ts";
import { choice } from "../../cli/kinds.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { UsageError } from "../../errors.ts";
import { HELP_PAGES } from "../help_pages.ts";
import { formatBash } from "./bash.ts";
import { formatFish } from "./fish.ts";
import { COMPLETIONS_HELP, SHELLS } from "./help.ts";
import { type CompletedCommand, listCompleted } from "./words.ts";
import { formatZsh } from "./zsh.ts";

const FORMATS: Readonly<
  Record<(typeof SHELLS)[number], (commands: readonly CompletedCommand[]) => string>
> = { bash: formatBash, zsh: formatZsh, fish: formatFish };

/**
 * Runs the command.
 *
 * @param argv the command line, without the command
 * @returns what to print on standard output
 * @throws {UsageError} If the command line is wrong.
 */
export function completions(argv: readonly string[]): string {
  const values = parseFlags(COMPLETIONS_HELP.flags, argv, "myriad completions");
  if (values.get("help")) return formatHelp(COMPLETIONS_HELP);
  const [name, ...others] = values.positionals;
  if (name === undefined || others.length > 0) {
    throw new UsageError(
      `Cannot tell which shell to write completions for: name one of ${SHELLS.join(", ")}`,
    );
  }
  const shell = choice(...SHELLS).read(name, "completions");
  return FORMATS[shell](listCompleted(HELP_PAGES));
}
