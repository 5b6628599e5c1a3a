import type { CommandHelp } from "../../cli/format_help.ts";
import type { Flag } from "../../cli/flags.ts";

/** The flags of `myriad curl`, which stand before the command of curl. */
export const CURL_FLAGS_HERE = [
  { name: "print", help: "print the command line of myriad, secrets too, and request nothing" },
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The help of `myriad curl`. */
export const CURL_HELP: CommandHelp = {
  about: "Make the request of a curl command, as often as you like.",
  usage: [
    "myriad curl [OPTIONS] 'curl …' [OPTIONS of myriad]",
    "myriad curl [OPTIONS] - [OPTIONS of myriad]          from stdin",
    "myriad curl [OPTIONS] URL … [-- OPTIONS of myriad]   the words of one",
  ],
  text: `A command that a browser or a document has for copying becomes a run: one request,
or as many as -n says. What curl does and a run cannot do is an error that names
it. What curl itself does with a response, such as -o, is left out.`,
  flags: CURL_FLAGS_HERE,
  after: `Exit codes: those of myriad; 0 with --print.`,
};
