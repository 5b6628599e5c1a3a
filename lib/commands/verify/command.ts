/**
 * `myriad verify`: compares the records of a run with the server's own log.
 *
 * @module
 */
import { checkFlags } from "../../cli/check_flags.ts";
import type { Flag } from "../../cli/flags.ts";
import { type CommandHelp, formatHelp } from "../../cli/format_help.ts";
import { count, type Kind } from "../../cli/kinds.ts";
import { parseFlags } from "../../cli/parse_flags.ts";
import { UsageError } from "../../errors.ts";
import { listOutputFormats } from "../../output/formats.ts";
import { formatCount } from "../../text/format.ts";
import { type Findings, logsAgree } from "./findings.ts";
import { findLogFormat, FORMAT_NAMES, LOG_FORMATS, type LogFormat } from "./log_formats.ts";
import { reconcile } from "./reconcile.ts";
import { formatFindingsJson, formatFindingsTable } from "./report.ts";

/** The beginning of a path: `/api/`. */
const PREFIX: Kind<string> = {
  name: "path",
  read(text, flag) {
    if (text.startsWith("/")) return text;
    throw new UsageError(`Cannot use '${flag} ${text}': use the beginning of a path, like /api/`);
  },
};

const LOG_FORMAT: Kind<LogFormat> = {
  name: "log format",
  read(text, flag) {
    const format = findLogFormat(text);
    if (format !== undefined) return format;
    throw new UsageError(`Cannot read '${flag} ${text}': use one of ${FORMAT_NAMES.join(", ")}`);
  },
};

/** The flags of `myriad verify`. */
export const VERIFY_FLAGS = [
  {
    name: "against",
    value: "FILE",
    repeatable: true,
    help: "an access log of the server; gzip is decompressed on the way",
  },
  {
    name: "log-format",
    value: "FORMAT",
    kind: LOG_FORMAT,
    defaultWords: "what the lines look like",
    help: `the format of the logs: ${FORMAT_NAMES.join(", ")}`,
  },
  {
    name: "only",
    value: "PREFIX",
    kind: PREFIX,
    repeatable: true,
    help: "compare only paths that begin with PREFIX",
  },
  {
    name: "ignore",
    value: "PREFIX",
    kind: PREFIX,
    repeatable: true,
    help: "leave out paths that begin with PREFIX, like those of health checks",
  },
  {
    name: "allow-repeats",
    value: "N",
    kind: count(),
    default: "0",
    help: "accept up to N requests in the log that no attempt explains; --resume can cause them",
  },
  { name: "json", help: "print the result as JSON" },
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The help of `myriad verify`. */
export const VERIFY_HELP: CommandHelp = {
  about: "Compare the records of a run with the server's own log.",
  usage: ["myriad verify [OPTIONS] RESULTS... --against ACCESS_LOG"],
  text: `RESULTS is the output of a run, ${listOutputFormats()}, gzip or not; several files are the
parts of one run. Requests are matched by path and query. Each response has to be
in the server's log, with its status. A request can be there as often as it was
attempted. The log must not have requests that the results lack.`,
  flags: VERIFY_FLAGS,
  after: `Formats:
${
    LOG_FORMATS.map(({ name, alias, servers }) =>
      `  ${[name, alias].filter((it) => it !== undefined).join(", ").padEnd(18)}${servers}`
    ).join("\n")
  }

Exit codes: 0 the results and the log agree; 1 they differ; 2 the command line or
a file is wrong; 3 a file broke off, or standard output cannot be written.`,
  argument: "file",
};

/**
 * Runs the command.
 *
 * @param argv the command line, without the command
 * @returns the text for standard output, and the exit code: 0, or 1 if the logs differ
 * @throws {UsageError} If the command line or a file is wrong.
 * @throws {InputError} If a file breaks off.
 */
export async function verify(argv: readonly string[]): Promise<{ text: string; code: 0 | 1 }> {
  const values = parseFlags(VERIFY_FLAGS, argv, "myriad verify");
  const { positionals } = values;
  if (values.get("help")) return { text: formatHelp(VERIFY_HELP), code: 0 };
  const against = values.get("against");
  if (positionals.length === 0) {
    throw new UsageError("No results are given: add the output of a run; see --help");
  }
  if (against.length === 0) {
    throw new UsageError("No log is given: add one by --against; see --help");
  }
  const given = [...positionals, ...against];
  const twice = given.find((name, k) => given.indexOf(name) !== k);
  if (twice !== undefined) {
    throw new UsageError(`Cannot read '${twice}' twice: name each file once`);
  }
  checkFlags(values);
  const [only, ignore] = [values.get("only"), values.get("ignore")];
  const findings = await reconcile({
    results: positionals,
    against,
    format: values.get("log-format"),
    only,
    ignore,
    allowedRepeats: values.get("allow-repeats"),
  });
  checkCompared(findings, [...only, ...ignore].length > 0);
  return {
    text: values.get("json") ? formatFindingsJson(findings) : formatFindingsTable(findings),
    code: logsAgree(findings) ? 0 : 1,
  };
}

/**
 * Checks that there was something to compare: otherwise two empty logs would agree.
 *
 * @throws {UsageError} If neither side has a request that is compared.
 */
function checkCompared({ results, log, left_out }: Findings, isFiltered: boolean): void {
  if (log.requests > 0 || results.answered + results.failed > 0) return;
  if (isFiltered && left_out > 0) {
    throw new UsageError(
      `Nothing to compare: '--only' and '--ignore' leave out ${
        left_out === 1 ? "the one request" : `all ${formatCount(left_out)} requests`
      } of the results and the log: use the beginning of a path that was requested`,
    );
  }
  if (results.records > 0 || results.unreadable > 0) return;
  throw new UsageError(
    "Nothing to compare: neither the results nor the log have a request: use those of a run",
  );
}
