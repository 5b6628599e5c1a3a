import { assert } from "@std/assert";
import { formatHelp } from "../../lib/cli/format_help.ts";
import { HELP_PAGES } from "../../lib/commands/help_pages.ts";

Deno.test("formatHelp() keeps to 80 columns, except for a command that is longer", () => {
  for (const [command, page] of Object.entries(HELP_PAGES)) {
    for (const line of formatHelp(page).split("\n")) {
      assert(line.length <= 80 || line.startsWith("  bash"), `${command}: ${line}`);
    }
  }
});
