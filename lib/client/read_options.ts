/**
 * Reads the options of a client, and of what else has flags of `myriad run` as its options.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { RecordExpectations } from "../check/record_expectations.ts";
import { closest } from "../cli/closest.ts";
import { UsageError } from "../errors.ts";
import { parseRun } from "../options/parse.ts";
import type { RunOptions } from "../options/run_options.ts";
import { mergeHeaders } from "../source/jsonl_targets.ts";
import type { ClientOptions } from "./options.ts";

/** The options that are flags. */
const FLAGS: readonly string[] = [
  "concurrency",
  "rate",
  "rampUp",
  "hostConcurrency",
  "hostDelay",
  "hostRate",
  "hostGiveUp",
  "noPause",
  "giveUpAfter",
  "retries",
  "retryOn",
  "retryDelay",
  "retryMaxDelay",
  "retryUnsafe",
  "engine",
  "transport",
  "http2",
  "connections",
  "streams",
  "disableKeepalive",
  "timeout",
  "connectTimeout",
  "idleTimeout",
  "redirects",
  "maxBody",
  "limitRate",
  "insecure",
  "cacert",
  "cert",
  "key",
  "proxy",
  "resolve",
  "connectTo",
  "unixSocket",
  "cookieJar",
  "compressed",
] satisfies readonly (keyof ClientOptions)[];

/** What cannot be done with wrong options of a client. */
const PURPOSE = "open a client";

/** A URL for the command line: the requests bring their own. */
const PLACEHOLDER = "http://localhost/";

/** What options are read for. */
interface ReadContext {
  /** The names that they can have. */
  readonly known: readonly string[];
  /** What cannot be done with wrong ones, in words. */
  readonly purpose: string;
}

/**
 * Reads options as the command line of a run is read, so that they have its defaults and refusals.
 *
 * @throws {RangeError} If an option is unknown, contradicts another, or has a wrong value.
 */
export async function readFlags(
  options: object,
  { known, purpose }: ReadContext,
): Promise<RunOptions> {
  const given = Object.entries(options);
  const unknown = given.find(([name]) => !known.includes(name))?.[0];
  if (unknown !== undefined) {
    const meant = closest(unknown, known);
    const fix = meant === undefined
      ? `use some of ${known.join(", ")}`
      : `did you mean '${meant}'?`;
    throw new RangeError(`Cannot ${purpose}: unknown option '${unknown}': ${fix}`);
  }
  try {
    const argv = given.flatMap(([name, value]) => toArguments(name, value));
    return await parseRun([...argv, PLACEHOLDER], config.version) as RunOptions;
  } catch (error) {
    return toRangeError(error, { known, purpose });
  }
}

/** @throws {RangeError} In place of the command line's error, with the names of the options. */
function toRangeError(error: unknown, { known, purpose }: ReadContext): never {
  if (!(error instanceof UsageError)) throw error;
  throw new RangeError(`Cannot ${purpose}: ${toOptionNames(error.message, known)}`);
}

/** @throws {RangeError} If it was an option of a client that could not be used. */
export function refuse(error: unknown): never {
  return toRangeError(error, { known: FLAGS, purpose: PURPOSE });
}

function toArguments(name: string, value: unknown): string[] {
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (value === undefined || value === false) return [];
  if (value === true) return [flag];
  return [value].flat().map((one) => `${flag}=${one}`);
}

/** A message about flags, with the names of the options that are known. */
export function toOptionNames(message: string, known: readonly string[]): string {
  return message.replaceAll(/--([a-z][a-z\d-]*)/g, (flag, name: string) => {
    const option = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return known.includes(option) ? option : flag;
  });
}

/** @throws {RangeError} If an option needs what Node does not have. */
function checkInNode(options: ClientOptions): void {
  const name = (["compressed", "cacert", "cert", "key"] as const).find((name) => options[name]) ??
    (options.engine === "fetch" ? "engine fetch" : undefined);
  if (name !== undefined) throw new RangeError(`Cannot ${PURPOSE}: '${name}' needs Deno`);
}

/**
 * Reads the options of a client.
 *
 * @throws {RangeError} If one of them is unknown, contradicts another, or has a wrong value.
 */
export async function readOptions(options: ClientOptions): Promise<RunOptions> {
  const { headers: given = {}, expect: expected = {}, ...flags } = options;
  if (typeof Deno === "undefined") checkInNode(options);
  const run = await readFlags(flags, { known: FLAGS, purpose: PURPOSE });
  const headers = mergeHeaders(given, run);
  const expect = new RecordExpectations().parse(expected);
  if (typeof headers === "string") throw new RangeError(`Cannot ${PURPOSE}: ${headers}`);
  if (typeof expect === "string") throw new RangeError(`Cannot ${PURPOSE}: ${expect}`);
  return {
    ...run,
    headers,
    expect,
    retry: { ...run.retry, expected: expect.statuses },
  };
}
