/**
 * The command line of `myriad run`, and what it comes to.
 *
 * @module
 */
import { checkFlags, writesToStdout } from "../cli/check_flags.ts";
import type { FlagValue } from "../cli/flag_values.ts";
import { parseFlags } from "../cli/parse_flags.ts";
import { UsageError } from "../errors.ts";
import { parseSavedBodies } from "./archive.ts";
import {
  parseEngine,
  parseIpVersion,
  parseProxy,
  parseRedirects,
  parseUnixSocket,
  readTlsOptions,
} from "./connection.ts";
import { parseCaptures, parseExpectation } from "./expect.ts";
import { readFromProcess } from "./environment.ts";
import { checkFlow, findFlow, parseFlow } from "./flow.ts";
import { ELSEWHERE } from "./other_programs.ts";
import {
  checkMetrics,
  parseOutput,
  parseProgress,
  parseReport,
  parseResume,
  parseSummaries,
  parseVerbose,
} from "./output.ts";
import { readFromDisk } from "./read_file.ts";
import { type CommandFiles, type RecordedCommand, replayFiles } from "./recorded_command.ts";
import { parseCookieJar, readRequest, refuseVariablesInFailures } from "./request.ts";
import { parseRetry } from "./retry.ts";
import type { RunOptions } from "./run_options.ts";
import { parseInputs, parseOrder, parseRequests, parseUrl } from "./source.ts";
import { checkWarmUp, parseHostRate, parseStages } from "./load.ts";
import { listPaths } from "../source/input_names.ts";
import { RUN_FLAGS, type RunRow, type RunValues } from "./table.ts";

/** What the command line is read with. */
export interface ParseContext extends Partial<CommandFiles> {
  /** Whether it was submitted by another process, which is not trusted. @default {false} */
  readonly isSubmitted?: boolean;
}

/**
 * Reads the command line of a run, and the files of `--config`, `--data @FILE` and the like.
 *
 * @param version the program's version, for the User-Agent field
 * @throws {UsageError} If a flag is unknown, lacks its value, contradicts another, or has a value
 * that is not of its kind.
 */
export async function parseRun(
  argv: readonly string[],
  version: string,
  { readFile = readFromDisk, readVariable = readFromProcess, askPassword, isSubmitted = false }:
    ParseContext = {},
): Promise<RunOptions | "help" | "version" | "version as JSON"> {
  const onCommandLine = parseFlags(RUN_FLAGS, argv, "myriad", { elsewhere: ELSEWHERE });
  if (onCommandLine.get("help")) return "help";
  if (onCommandLine.get("version")) {
    return onCommandLine.get("json") ? "version as JSON" : "version";
  }
  const config = onCommandLine.get("config");
  const values = config === undefined
    ? onCommandLine
    : await (await import("./config.ts")).withConfig(onCommandLine, config, readFile);
  const path = findFlow(values);
  const flow = path === undefined ? undefined : await parseFlow(path, values, readFile);
  const url = flow === undefined ? parseUrl(values) : flow.base;
  const inputs = await parseInputs(values);
  if (url === undefined && inputs.length === 0 && flow === undefined) {
    // A flag without its value takes the URL for it, and says so.
    parseRequests(values);
    readOptions(values);
    throw new UsageError(
      "No URL is given: add one, or --input with a file of URLs; see 'myriad --help'",
    );
  }
  // The submitter has checked which go together; some of them are not for workers.
  if (isSubmitted) (await import("./submission.ts")).checkSubmitted(values);
  else checkFlags(values);
  checkMetrics(values);
  const captures = parseCaptures(values);
  const expect = parseExpectation(values);
  const report = parseReport(values, path ?? url ?? `URLs of ${listPaths(inputs)}`);
  const otlp = values.get("otlp");
  const bus = values.get("cluster");
  const submission = bus === undefined
    ? undefined
    : await (await import("./submission.ts")).Submission.open(bus, values, {
      readFile,
      readVariable,
      askPassword,
    });
  const files: CommandFiles = submission?.files ?? { readFile, readVariable, askPassword };
  const plain = readOptions(values);
  const saved = parseSavedBodies(values, version);
  const options: RunOptions = {
    ...plain,
    ...parseStages(values, plain),
    ...parseHostRate(plain),
    flow,
    inputs,
    ...await parseOrder(values, { inputs, requests: parseRequests(values) }),
    pauses: !values.get("no-pause"),
    retry: parseRetry(values, expect),
    expect,
    captures,
    ...parseEngine(values),
    redirects: parseRedirects(values),
    cluster: undefined,
    cookieJar: parseCookieJar(values),
    tls: await readTlsOptions(values, files.readFile),
    proxy: await parseProxy(values, files.readFile),
    ipVersion: parseIpVersion(values),
    unixSocket: parseUnixSocket(values),
    output: parseOutput(values, {
      captures: captures.map(({ name }) => name),
      isOfFlow: flow !== undefined,
      savesBodies: saved.saveBodies !== undefined || saved.archive !== undefined,
    }),
    ...saved,
    resume: parseResume(values),
    summaries: parseSummaries(values),
    // Not from `files`: what they hold goes to workers.
    otlp: otlp === undefined
      ? undefined
      : await (await import("./otlp.ts")).parseOtlp(otlp, values, readFile),
    report,
    isStdoutTaken: writesToStdout(values),
    details: report !== undefined || values.has("top"),
    verbose: parseVerbose(values),
    progress: parseProgress(values),
    // Last, since it may ask for a password: everything else is right by then.
    ...await readRequest(values, { url, inputs }, {
      version,
      readFile: files.readFile,
      readVariable: files.readVariable,
      streams: submission === undefined && !isSubmitted,
      askPassword: files.askPassword,
    }),
  };
  checkWarmUp(options);
  checkFlow(values, options);
  refuseVariablesInFailures(options);
  return submission === undefined ? options : submission.finish(options);
}

/**
 * Reads the command line of a run that was submitted elsewhere: no file, environment or terminal of
 * this machine has a part in it.
 *
 * @param version the program's version, which is that of the submitter
 * @throws {UsageError} If no submitter would send it.
 */
export async function parseSubmitted(
  command: RecordedCommand,
  version: string,
): Promise<RunOptions> {
  const options = await parseRun(command.argv, version, {
    ...replayFiles(command),
    isSubmitted: true,
  });
  if (typeof options !== "string") return options;
  throw new UsageError("The command line of the run makes no requests");
}

/** The options that are the value of one flag. */
type PlainOptions = {
  readonly [Row in Extract<RunRow, { option: string }> as Row["option"]]: FlagValue<Row>;
};

function readOptions(values: RunValues): PlainOptions {
  const options: Record<string, unknown> = {};
  for (const flag of values.flags) {
    if ("option" in flag) options[flag.option] = values.get(flag.name);
  }
  return options as PlainOptions;
}
