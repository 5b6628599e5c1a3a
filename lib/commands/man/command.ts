/**
 * `myriad man`: prints the page of the manual.
 *
 * @module
 */
import { formatHelp } from "../../cli/format_help.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { UsageError } from "../../errors.ts";
import { HELP_PAGES } from "../help_pages.ts";
import { MAN_HELP } from "./help.ts";
import { formatManual, type ManualContext } from "./manual.ts";

/**
 * Runs the command.
 *
 * @param argv the command line, without the command
 * @returns what to print on standard output
 * @throws {UsageError} If the command line is wrong.
 */
export function man(argv: readonly string[], context: ManualContext): string {
  const values = parseFlags(MAN_HELP.flags, argv, "myriad man");
  if (values.get("help")) return formatHelp(MAN_HELP);
  const [argument] = values.positionals;
  if (argument !== undefined) {
    throw new UsageError(
      `Cannot print the manual of '${argument}': use 'myriad man' alone, which has all commands`,
    );
  }
  return formatManual(HELP_PAGES, context);
}
