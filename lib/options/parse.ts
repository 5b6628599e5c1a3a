/**
 * The command line of `myriad run`: the table of its flags, and what they come to.
 *
 * @module
 */
import { type Flag, parseFlags } from "../cli/flags.ts";
import { UsageError } from "../errors.ts";
import { withConfig } from "./config.ts";
import { engineOf, proxyOf, tlsOf, unixSocketOf } from "./connection.ts";
import { capturesOf, expectationOf, thresholdsOf } from "./expect.ts";
import { loadOf, retryOf } from "./load.ts";
import { metricsOf } from "./metrics.ts";
import { ELSEWHERE } from "./other_programs.ts";
import { checkEndings, checkPlaces, outputOf, reportOf, resumeOf } from "./output.ts";
import { cookieJarOf, requestOf } from "./request.ts";
import type { RunOptions } from "./run_options.ts";
import { inputOf, loopOf, numbersOf, urlOf } from "./source.ts";
import { FLAGS } from "./table.ts";
import { checkStdin } from "./value_file.ts";
import { Values } from "./values.ts";

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
  const values = new Values(given);
  const url = urlOf(given);
  const input = inputOf(values);
  if (url === undefined && input === undefined) {
    throw new UsageError(
      "No URL is given: give one, or a file of them by --input; see 'myriad --help'",
    );
  }
  const durationMs = values.duration("duration");
  const silent = values.isOn("silent");
  checkPlaces(values);
  checkEndings(values);
  if (silent && values.has("progress") && values.text("progress") !== "none") {
    throw new UsageError("'--silent' and '--progress' contradict each other: give one of them");
  }
  checkStdin(values);
  const captures = capturesOf(values);
  const expect = expectationOf(values);
  const most = input === undefined && durationMs === undefined ? 1 : Infinity;
  return {
    url,
    input,
    loop: loopOf(values),
    ...numbersOf(values, most),
    durationMs,
    ...loadOf(values),
    retry: retryOf(values, expect),
    ...thresholdsOf(values),
    expect,
    captures,
    engine: engineOf(values),
    ...await requestOf(values, version),
    cookieJar: cookieJarOf(values),
    timeoutMs: values.duration("timeout") ?? 30_000,
    connectTimeoutMs: values.duration("connect-timeout"),
    idleTimeoutMs: values.duration("idle-timeout"),
    tls: await tlsOf(values),
    proxy: await proxyOf(values),
    unixSocket: unixSocketOf(values),
    redirects: values.count("redirects", { max: 1_000 }) ?? 10,
    maxBodyBytes: values.size("max-body") ?? 64 * 1024 ** 2,
    output: outputOf(values, captures.map(({ name }) => name)),
    saveBodies: values.text("save-bodies"),
    resume: resumeOf(values),
    retryFailed: values.isOn("retry-failed"),
    overwrite: values.isOn("overwrite"),
    failures: values.text("failures"),
    summary: values.text("summary"),
    hdr: values.text("hdr"),
    metrics: metricsOf(values),
    json: values.isOn("json"),
    report: reportOf(values, given),
    details: values.has("report"),
    progress: silent
      ? "none"
      : values.oneOf("progress", ["auto", "live", "bar", "log", "none"], "auto"),
    silent,
  };
}
