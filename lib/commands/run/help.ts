import type { CommandHelp } from "../../cli/format_help.ts";
import { RUN_FLAGS } from "../../options/table.ts";
import { type Command, COMMANDS } from "../commands.ts";

function describe({ usage, about }: Omit<Command, "name">): string {
  return `${usage.padEnd(27)}${about}`;
}

/** The help of a run, which is the first page of the program's. */
export const RUN_HELP: CommandHelp = {
  about: "Make a very large number of HTTP requests, in flat memory.",
  usage: [
    ...COMMANDS.map(describe).toSpliced(
      1,
      0,
      describe({ usage: "myriad run FLOW.ts [URL]", about: "make the requests of a flow" }),
    ),
    describe({ usage: "myriad COMMAND --help", about: "the flags of a command" }),
  ],
  text: `URL is a template: {} stands for the request's number, from 0, or the line of
--input; {name} stands for a field of a CSV or JSONL record, percent-encoded
behind a = of the query ({+name}: as it is); {{ and }} are braces. {i:08},
{i+1000}, {random:1-100}, {uuid} and {now} are computed; {name|lower} has a
filter: lower, upper, trim, urlencode or base64. Values of --header, --cookie,
--user-agent, --referer and the body are templates, too, in which {env:NAME} is
an environment variable: there {{name}} stands for {name}, and other braces for
themselves. Counts take k, M, G or an exponent, durations ms, s, m or h.`,
  flags: RUN_FLAGS,
  after: `Exit codes: 0 every response was as expected and every threshold held; 1 some
were not or did not; 2 the command line or one of its files is wrong, and nothing
was requested; 3 the run could not go on (disk full, the input broke off, the only
host refuses connections, nothing succeeded for --give-up-after), or standard
output could not be written; 130, 143, 129 SIGINT, SIGTERM or SIGHUP interrupted
it: with -o, --resume continues it.`,
};
