/**
 * `myriad verify`: whether a server's own log agrees with the records of a run.
 *
 * @module
 */
import { type Flag, formatFlags, parseFlags } from "../../cli/flags.ts";
import { parseCount } from "../../cli/units.ts";
import { UsageError } from "../../errors.ts";
import { listOutputFormats } from "../../output/formats.ts";
import { formatCount } from "../../text/format.ts";
import { agree, type Findings } from "./findings.ts";
import { detectLogFormat, FORMAT_NAMES, LOG_FORMATS, type LogFormat } from "./log_formats.ts";
import { reconcile } from "./reconcile.ts";
import { formatFindings, formatTable } from "./report.ts";

/** The flags of `myriad verify`. */
export const VERIFY_FLAGS: readonly Flag[] = [
  {
    name: "against",
    value: "FILE",
    repeatable: true,
    help: "a server's access log, or several of them; gzip is\ndecompressed on the way",
  },
  {
    name: "log-format",
    value: "FORMAT",
    help: `of the logs, by default as their lines tell:\n${FORMAT_NAMES.join(", ")}`,
  },
  {
    name: "only",
    value: "PREFIX",
    repeatable: true,
    help: "compare only paths that begin so (repeatable)",
  },
  {
    name: "ignore",
    value: "PREFIX",
    repeatable: true,
    help: "leave out paths that begin so, as of health checks\n(repeatable)",
  },
  {
    name: "allow-repeats",
    value: "N",
    help:
      "so many requests may have been sent beyond what attempts\nexplain, as --resume does (default 0)",
  },
  { name: "json", help: "the same as JSON" },
  { name: "help", short: "h", help: "print this help" },
].map((flag) => ({ ...flag, section: "Options" }));

const HELP = `Compare the records of a run with the server's own log of it.

Usage: myriad verify [OPTIONS] RESULTS... --against ACCESS_LOG

RESULTS is the output of a run, ${listOutputFormats()}, gzip or not; several of them are the parts of one.
Requests are joined by path and query. An answer has to be in the server's log, with its status; a
request can be there as often as it was tried, and no request that is not in the results.
${formatFlags(VERIFY_FLAGS)}
Formats:
${
  LOG_FORMATS.map(({ name, alias, of }) =>
    `  ${[name, alias].filter((it) => it !== undefined).join(", ").padEnd(18)}${of}`
  ).join("\n")
}

Exit codes: 0 the logs agree; 1 they differ; 2 the command line or a file given to it is wrong; 3 a
file broke off, or standard output cannot be written.
`;

/**
 * Runs the command.
 *
 * @param argv the command line, without the command
 * @returns what to print on standard output, and the exit code: 0, or 1 if the logs differ
 * @throws {UsageError} If the command line or a file is wrong.
 * @throws {InputError} If a file breaks off.
 */
export async function verify(argv: readonly string[]): Promise<{ text: string; code: 0 | 1 }> {
  const { values, positionals } = parseFlags(VERIFY_FLAGS, argv, "myriad verify");
  if (values.help) return { text: HELP, code: 0 };
  const list = (name: string): string[] => values[name] as string[] | undefined ?? [];
  const against = list("against");
  if (positionals.length === 0) {
    throw new UsageError("No results are given: give the output of a run; see --help");
  }
  if (against.length === 0) {
    throw new UsageError("No log is given to verify them: give one by --against; see --help");
  }
  const given = [...positionals, ...against];
  const twice = given.find((name, k) => given.indexOf(name) !== k);
  if (twice !== undefined) {
    throw new UsageError(`Cannot read '${twice}' twice: give each file once`);
  }
  for (const name of ["only", "ignore"]) {
    const wrong = list(name).find((prefix) => !prefix.startsWith("/"));
    if (wrong !== undefined) {
      throw new UsageError(
        `Cannot use '--${name} ${wrong}': give the beginning of a path, like /api/`,
      );
    }
  }
  const repeats = values["allow-repeats"] as string | undefined;
  const findings = await reconcile({
    results: positionals,
    against,
    format: parseLogFormat(values["log-format"] as string | undefined),
    only: list("only"),
    ignore: list("ignore"),
    allowedRepeats: repeats === undefined ? 0 : parseCount(repeats, "--allow-repeats"),
  });
  checkCompared(findings, [...list("only"), ...list("ignore")].length > 0);
  return {
    text: values.json ? formatFindings(findings) : formatTable(findings),
    code: agree(findings) ? 0 : 1,
  };
}

/**
 * Refuses to call it an agreement where nothing was compared.
 *
 * @throws {UsageError} If neither side has a request that counts.
 */
function checkCompared({ results, log, left_out }: Findings, isFiltered: boolean): void {
  if (log.requests > 0 || results.answered + results.failed > 0) return;
  if (isFiltered && left_out > 0) {
    throw new UsageError(
      `Nothing to compare: '--only' and '--ignore' leave out ${
        left_out === 1 ? "the one request" : `all ${formatCount(left_out)} requests`
      } of the results and the log: give the beginning of a path that was requested`,
    );
  }
  if (results.records > 0 || results.unreadable > 0) return;
  throw new UsageError(
    "Nothing to compare: neither the results nor the log have a request: give those of a run",
  );
}

function parseLogFormat(text: string | undefined): LogFormat | undefined {
  if (text === undefined) return undefined;
  const format = detectLogFormat(text);
  if (format !== undefined) return format;
  throw new UsageError(
    `Cannot read '--log-format ${text}': give one of ${FORMAT_NAMES.join(", ")}`,
  );
}
