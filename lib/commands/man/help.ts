import type { CommandHelp } from "../../cli/format_help.ts";

/** The help of `myriad man`. */
export const MAN_HELP: CommandHelp = {
  about: "Print the page of the manual, for man.",
  usage: ["myriad man"],
  text: `It has all commands and flags, in the mdoc language. To have it where man looks
for it:

  mkdir -p ~/.local/share/man/man1
  myriad man >~/.local/share/man/man1/myriad.1`,
  flags: [{ name: "help", short: "h", help: "print this help" }],
  after: "Exit codes: 0; 2 the command line is wrong; 3 standard output cannot be written.",
};
