/**
 * What makes two commands the same run, so that one can resume what the other began.
 *
 * @module
 */
import { BELOW_400 } from "../check/status_set.ts";
import type { OutputOptions, RunOptions } from "../options/run_options.ts";
import { withoutUserinfo } from "../text/secrets.ts";
import { type Identity, type InputState, sha256 } from "./journal.ts";

/** Options of a run that has an output. */
type Options = RunOptions & { readonly output: OutputOptions };

/** Header fields that do not make it another run. */
const IGNORED_HEADERS = /^(user-agent|accept-encoding)$/i;

/** What stands for the value of a switch. */
const GIVEN = "given";

/** Flags whose values are kept as a hash only. */
const HASHED: ReadonlySet<string> = new Set([
  "--header",
  "--data",
  "--expect-header",
  "--expect-body",
  "--capture",
]);

/** Expectations that `--retry-failed` may change: a record tells whether it meets them. */
export const JUDGED_ANEW: ReadonlySet<string> = new Set(["--expect-status", "--fail"]);

/** What makes a run this one and no other, by flag. */
export async function toIdentity(options: Options, salt: string): Promise<Identity> {
  const { url, input, output, requests, shard, body, templates } = options;
  const hashed = (value: unknown): Promise<string> => sha256(salt + JSON.stringify(value));
  const headers = options.headers.filter(([name]) => !IGNORED_HEADERS.test(name));
  const bare = url === undefined ? undefined : withoutUserinfo(url);
  // What stands before the host of a URL are credentials, as some fields are.
  const userinfo = bare === url ? null : url;
  // A template is not the text that reads like it.
  const sources = Array.from(templates?.headers ?? [], ([[name], { source }]) => [name, source]);
  const bytes = body === undefined ? null : await sha256(body);
  const { statuses, headers: ofHeaders, bodies, latencyMs } = options.expect;
  return {
    "URL": bare ?? null,
    "--input": input?.path ?? null,
    "--input-format": input?.format ?? null,
    "--loop": options.loop ? "on" : null,
    "--start": options.start,
    "--requests": requests === Infinity ? null : requests,
    "--shard": `${shard.index}/${shard.count}`,
    "--method": options.method,
    "--header": await hashed(
      templates === undefined ? [headers, userinfo] : [headers, userinfo, sources],
    ),
    "--data": await hashed(templates?.body === undefined ? bytes : [bytes, "template"]),
    "--format": output.format,
    "--fields": output.fields?.join(",") ?? null,
    // The records so far were judged by them.
    "--expect-status": statuses === BELOW_400 ? null : statuses?.text ?? null,
    "--fail": statuses === BELOW_400 ? GIVEN : null,
    "--expect-header": ofHeaders === undefined
      ? null
      : await hashed(ofHeaders.map(({ name, pattern: { source } }) => [name, source])),
    "--expect-body": bodies === undefined ? null : await hashed(bodies.map(({ source }) => source)),
    "--expect-latency": latencyMs ?? null,
    "--capture": options.captures.length === 0
      ? null
      : await hashed(options.captures.map(({ text }) => text)),
    "--failures": options.failures ?? null,
    // Otherwise the bodies of what is done could never be saved.
    "--save-bodies": options.saveBodies ?? null,
    "--request-id": options.requestId ?? null,
  };
}

/** How two commands differ in a flag, in words. */
export function describeDifference(
  flag: string,
  before: Identity[string],
  now: Identity[string],
): string {
  if (HASHED.has(flag)) return `'${flag}' is not what it was`;
  const shown = (value: Identity[string]): string =>
    value === null ? "not given" : value === GIVEN ? GIVEN : `'${value}'`;
  return `'${flag}' was ${shown(before)} and is ${shown(now)}`;
}

/** By what an input is known to be the same; null where it is not a file. */
export async function toInputState(
  { input }: Pick<RunOptions, "input">,
): Promise<InputState | null> {
  if (input === undefined || input.path === "-") return null;
  try {
    const { isFile, size, mtime } = await Deno.stat(input.path);
    return isFile ? { size, mtimeMs: mtime?.getTime() ?? 0 } : null;
  } catch {
    // Where it is opened, the message says why it cannot be read.
    return null;
  }
}
