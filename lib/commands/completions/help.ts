import type { CommandHelp } from "../../cli/format_help.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The help of `myriad completions`. */
export const COMPLETIONS_HELP: CommandHelp = {
  about: "Print a script by which a shell completes the words of myriad.",
  usage: ["myriad completions bash|zsh|fish"],
  text: `The script completes commands, flags, values that are one of some words, and
names of files. It does not start myriad. Load it from the shell's start file, or
write it where the shell looks for it:

  bash  myriad completions bash >~/.local/share/bash-completion/completions/myriad
  zsh   myriad completions zsh >_myriad, in a folder of $fpath
  fish  myriad completions fish >~/.config/fish/completions/myriad.fish`,
  flags: [{ name: "help", short: "h", help: "print this help" }],
  after: "Exit codes: 0; 2 the command line is wrong; 3 standard output cannot be written.",
  argument: SHELLS,
};
