/**
 * What makes two commands the same run, so that one can resume what the other began.
 *
 * @module
 */
import type { RunOptions } from "../options/run_options.ts";
import { type FlagIdentity, GIVEN } from "../options/rows/flag.ts";
import { RUN_FLAGS } from "../options/table.ts";
import { withoutUserinfo } from "../text/secrets.ts";
import { type Identity, type InputState, type JournalState, sha256 } from "./journal.ts";

/**
 * What makes a run this one, by flag; its URL, whose credentials are with the header fields; and what
 * the module of its flow holds, of which nothing is to be shown but that it has changed.
 */
const IDENTITY: ReadonlyMap<string, FlagIdentity> = new Map([
  ["URL", { of: ({ url }) => url === undefined ? null : withoutUserinfo(url) }],
  ["FLOW", { of: ({ flow }) => flow?.hash, isSecret: true }],
  ...RUN_FLAGS.flatMap((flag): [string, FlagIdentity][] =>
    "identity" in flag ? [[`--${flag.name}`, flag.identity]] : []
  ),
]);

/** What makes a run this one and no other, by flag. */
export async function toIdentity(options: RunOptions, salt: string): Promise<Identity> {
  const identity: Record<string, Identity[string]> = {};
  for (const [flag, { of, isSecret }] of IDENTITY) {
    const value = of(options);
    identity[flag] = isSecret && value !== undefined
      ? await sha256(salt + JSON.stringify(await hashBytes(value)))
      : value as Identity[string] | undefined ?? null;
  }
  return identity;
}

/** A value with hashes in place of bytes. */
async function hashBytes(value: unknown): Promise<unknown> {
  if (value instanceof Uint8Array) return await sha256(value as Uint8Array<ArrayBuffer>);
  return Array.isArray(value) ? await Promise.all(value.map(hashBytes)) : value;
}

/** How `--retry-failed` can change a flag; undefined if it cannot. */
export function findRetryUse(flag: string): FlagIdentity["inRetry"] {
  return IDENTITY.get(flag)?.inRetry;
}

/** How two commands differ in a flag, in words. */
export function describeDifference(
  flag: string,
  before: Identity[string],
  now: Identity[string],
): string {
  if (IDENTITY.get(flag)?.isSecret) return `'${flag}' is not what it was`;
  const shown = (value: Identity[string]): string =>
    value === null ? "not given" : value === GIVEN ? GIVEN : `'${value}'`;
  return `'${flag}' was ${shown(before)} and is ${shown(now)}`;
}

/** By what the inputs are known to be the same; null for one that is not a file. */
export async function toInputState(
  { inputs }: Pick<RunOptions, "inputs">,
): Promise<JournalState["input"]> {
  const states = [];
  for (const { path } of inputs) states.push(await toFileState(path));
  return states.length > 1 ? states : states[0] ?? null;
}

async function toFileState(path: string): Promise<InputState | null> {
  if (path === "-") return null;
  try {
    const { isFile, size, mtime } = await Deno.stat(path);
    return isFile ? { size, mtimeMs: mtime?.getTime() ?? 0 } : null;
  } catch {
    // Where it is opened, the message says why it cannot be read.
    return null;
  }
}
