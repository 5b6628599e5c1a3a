/**
 * The command line of `myriad run`: the table of its flags, and what they come to.
 *
 * @module
 */
import { type Flag, parseFlags } from "../cli/flags.ts";
import { UsageError } from "../errors.ts";
import { withConfig } from "./config.ts";
import { parseEngine, parseProxy, parseUnixSocket, readTlsOptions } from "./connection.ts";
import { parseCaptures, parseExpectation, parseThresholds } from "./expect.ts";
import { parseLoad, parseRetry } from "./load.ts";
import { parseListenAddress } from "./metrics.ts";
import { ELSEWHERE } from "./other_programs.ts";
import {
  checkEndings,
  checkPathConflicts,
  parseOutput,
  parseReport,
  parseResume,
} from "./output.ts";
import { parseCookieJar, readRequest } from "./request.ts";
import type { RunOptions } from "./run_options.ts";
import { parseInput, parseLoop, parseNumbers, parseUrl } from "./source.ts";
import { FLAGS } from "./table.ts";
import { checkStdin } from "./value_file.ts";
import { FlagValues } from "./values.ts";

/** The flags of `myriad run`, as the contract has them. */
export const RUN_FLAGS: readonly Flag[] = FLAGS;

/**
 * Reads the command line of a run, and the files of `--config`, `--data @FILE` and the like.
 *
 * @throws {UsageError} If a flag is unknown, lacks its value, contradicts another, or has a value
 * that is none.
 */
export async function parseRun(
  argv: readonly string[],
  version: string,
): Promise<RunOptions | "help" | "version"> {
  const onCommandLine = parseFlags(RUN_FLAGS, argv, "myriad", { elsewhere: ELSEWHERE });
  if (onCommandLine.values.help) return "help";
  if (onCommandLine.values.version) return "version";
  const given = await withConfig(onCommandLine, RUN_FLAGS);
  const values = new FlagValues(given);
  const url = parseUrl(given);
  const input = parseInput(values);
  if (url === undefined && input === undefined) {
    throw new UsageError(
      "No URL is given: give one, or a file of them by --input; see 'myriad --help'",
    );
  }
  const durationMs = values.duration("duration");
  const silent = values.isOn("silent");
  checkPathConflicts(values);
  checkEndings(values);
  if (silent && values.has("progress") && values.text("progress") !== "none") {
    throw new UsageError("'--silent' and '--progress' contradict each other: give one of them");
  }
  checkStdin(values);
  const captures = parseCaptures(values);
  const expect = parseExpectation(values);
  const most = input === undefined && durationMs === undefined ? 1 : Infinity;
  return {
    url,
    input,
    loop: parseLoop(values),
    ...parseNumbers(values, most),
    durationMs,
    ...parseLoad(values),
    retry: parseRetry(values, expect),
    ...parseThresholds(values),
    expect,
    captures,
    engine: parseEngine(values),
    ...await readRequest(values, version),
    cookieJar: parseCookieJar(values),
    timeoutMs: values.duration("timeout") ?? 30_000,
    connectTimeoutMs: values.duration("connect-timeout"),
    idleTimeoutMs: values.duration("idle-timeout"),
    tls: await readTlsOptions(values),
    proxy: await parseProxy(values),
    unixSocket: parseUnixSocket(values),
    redirects: values.count("redirects", { max: 1_000 }) ?? 10,
    maxBodyBytes: values.size("max-body") ?? 64 * 1024 ** 2,
    output: parseOutput(values, captures.map(({ name }) => name)),
    saveBodies: values.text("save-bodies"),
    resume: parseResume(values),
    retryFailed: values.isOn("retry-failed"),
    overwrite: values.isOn("overwrite"),
    failures: values.text("failures"),
    summary: values.text("summary"),
    hdr: values.text("hdr"),
    metrics: parseListenAddress(values),
    json: values.isOn("json"),
    report: parseReport(values, given),
    details: values.has("report"),
    progress: silent
      ? "none"
      : values.oneOf("progress", ["auto", "live", "bar", "log", "none"], "auto"),
    silent,
  };
}
