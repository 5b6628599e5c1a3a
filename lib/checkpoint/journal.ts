/**
 * The journal of a run, which says what of it is done: a small file beside its output, or a text in
 * an output that is a database.
 *
 * ```text
 * myriad journal 6 SHA-256-OF-THE-REST
 * {"identity":…,"done":…,"output":…}
 * ```
 *
 * @module
 */
import { dirname } from "node:path";
import type { Position } from "../output/output.ts";
import { openFreshFile } from "../process/fresh_file.ts";
import { syncFolder } from "../process/sync.ts";
import { type DescriptorReserve, NO_RESERVE } from "../process/reserved_descriptors.ts";
import { writeAll } from "../process/write_all.ts";
import { MAX_INPUTS } from "../source/item.ts";
import { findWrongStat, type StatsState } from "../stats/stats.ts";
import {
  type Check,
  findWrongMember,
  isBoolean,
  isCount,
  isList,
  isMap,
  isNumber,
  isObject,
  isShape,
  isText,
  orNull,
  type Shape,
} from "../text/json_shape.ts";
import { type ClusterState, isClusterState } from "./cluster_state.ts";
import { type DoneSetState, isDoneSetState } from "./done_set.ts";
import type { LogState } from "./log/log_folder.ts";
import { MIGRATIONS } from "./migrations.ts";

/** What a run is, by flag. What may be secret is in it as a salted hash. */
export type Identity = Readonly<Record<string, string | number | null>>;

/** What a journal says. */
export interface JournalState {
  /** Which command it belongs to; another command cannot resume it. */
  readonly identity: Identity;
  /** What the hashes in the identity are salted with. */
  readonly salt: string;
  /** The input as it was, a list where the run has several; null for what is not a file. */
  readonly input: InputState | null | readonly (InputState | null)[];
  /**
   * Whether a CR alone ends a line of the input. Runs that began before it did count lines by LF
   * and CRLF only, and keep the numbers of their requests.
   */
  readonly crEndsLines: boolean;
  /** Whether the run came to its end. */
  readonly complete: boolean;
  /** What the run has on several machines; null if this process makes the requests. */
  readonly cluster: ClusterState | null;
  /** A retry of what failed that is under way; null without. */
  readonly retry: RetryState | null;
  /** Which requests are done, counted as the source gives them. */
  readonly done: DoneSetState;
  /** How far the output holds their records, whole, and nothing else. */
  readonly output: Position;
  /** The same of the file of failures; null without. */
  readonly failures: Position | null;
  /** The same of the archive of exchanges; null without. */
  readonly archive: Position | null;
  /** The log that goes on behind it; null without. */
  readonly log: LogState | null;
  readonly stats: StatsState;
  /** Seconds that the run took so far, and what it cost. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssKb: number;
  /** What the machine ran out of, and how often. */
  readonly shortages: Readonly<Record<string, number>>;
}

/** A retry of the requests that failed: which they are stands in a file of its own. */
export interface RetryState {
  /** Which of them are done, counted among themselves. */
  readonly done: DoneSetState;
  readonly count: number;
  /** Whether the output is still to be replaced by what of it stays. */
  readonly replacing: boolean;
}

/** By what a file is known to be the same. */
export interface InputState {
  readonly size: number;
  readonly mtimeMs: number;
}

/** A journal that cannot be relied on; why, in words. */
export class JournalError extends Error {
  override name = "JournalError";
}

const isFlagValue: Check = (value) =>
  value === null || typeof value === "string" || Number.isFinite(value);

/** The maximum number of seconds, some 300 years: no date of a run is out of the range of `Date`. */
const MAX_SECONDS = 1e10;
/** Whether a value is how many seconds a run has taken. */
export function isDuration(value: unknown): boolean {
  return isNumber(value) && value as number <= MAX_SECONDS;
}

/** The maximum number of threads that a log has entries of. */
const MAX_LOGGED_THREADS = 1_000;

const isInput = orNull(
  isShape({ size: isCount, mtimeMs: (value) => Number.isFinite(value) }),
);

/** What each field of a journal has to be. */
const SHAPE: Shape = {
  identity: isMap(isFlagValue),
  salt: isText,
  input: (value) => isInput(value) || isList(isInput, MAX_INPUTS)(value),
  crEndsLines: isBoolean,
  complete: isBoolean,
  cluster: orNull(isClusterState),
  retry: orNull(isShape({ done: isDoneSetState, count: isCount, replacing: isBoolean })),
  done: isDoneSetState,
  output: isCount,
  failures: orNull(isCount),
  archive: orNull(isCount),
  log: orNull(isShape({
    id: isCount,
    covered: isList(isCount, MAX_LOGGED_THREADS),
    seconds: isDuration,
  })),
  stats: isObject,
  seconds: isDuration,
  cpuSeconds: isDuration,
  peakRssKb: isNumber,
  shortages: isMap(isCount),
};

const MAGIC = "myriad journal ";
/** The version that is written; {@linkcode MIGRATIONS} has a step to it from each one before. */
const VERSION = MIGRATIONS.length + 1;
/** More than the largest set and statistics take. */
const MAX_BYTES = 16 * 1024 * 1024;

/** SHA-256 in hexadecimal, of bytes or of a text's UTF-8. */
export async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}

/**
 * Reads a journal of this version or an earlier one.
 *
 * @throws {JournalError} If it is damaged, of a later version, or not what a run writes.
 * @throws {Deno.errors.NotFound} If the file does not exist.
 */
export async function readJournal(path: string): Promise<JournalState> {
  const { size } = await Deno.stat(path);
  if (size > MAX_BYTES) throw new JournalError("it is not a journal");
  return await parseJournal(await Deno.readTextFile(path));
}

/**
 * Reads the text of a journal of this version or an earlier one.
 *
 * @throws {JournalError} If it is damaged, of a later version, or not what a run writes.
 */
export async function parseJournal(text: string): Promise<JournalState> {
  const [head, body] = text.split("\n");
  if (text === "") throw new JournalError("it is empty");
  if (!head.startsWith(MAGIC)) throw new JournalError("it is not a journal");
  const [digits, hash] = head.slice(MAGIC.length).split(" ");
  const version = /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : Infinity;
  if (version > VERSION) throw new JournalError("it is of another version of myriad");
  if (body === undefined || hash !== await sha256(body)) throw new JournalError("it is damaged");
  let state;
  try {
    state = JSON.parse(body);
  } catch {
    throw new JournalError("it is damaged");
  }
  return check(migrate(state, version));
}

/** The text of a journal. */
export async function formatJournal(state: JournalState): Promise<string> {
  const body = JSON.stringify(state);
  return `${MAGIC}${VERSION} ${await sha256(body)}\n${body}\n`;
}

/** Makes of what an earlier version wrote what this one does, step by step. */
function migrate(state: unknown, version: number): Record<string, unknown> {
  if (!isObject(state)) throw new JournalError("it is damaged");
  return MIGRATIONS.slice(version - 1).reduce((state, step) => step(state), state);
}

function check(state: Record<string, unknown>): JournalState {
  const wrong = findWrongMember(state, SHAPE);
  const wrongStat = findWrongStat(state.stats);
  const name = wrong ?? (wrongStat && `stats.${wrongStat}`);
  if (name !== undefined) throw new JournalError(`its field '${name}' is missing or wrong`);
  return state as unknown as JournalState;
}

/**
 * Replaces a journal. At any moment the old one or the new one is there, whole. After a power failure
 * it can be the old one, which is still true, unless the folder was brought to the disk as well: that
 * takes the permission to read it.
 *
 * @param reserve has a descriptor for it
 * @param isSynced whether it waits until it is on the disk
 */
export async function writeJournal(
  path: string,
  state: JournalState,
  reserve: DescriptorReserve = NO_RESERVE,
  isSynced = true,
): Promise<void> {
  const bytes = new TextEncoder().encode(await formatJournal(state));
  const fresh = `${path}.tmp`;
  // Secrets are not in it, but URLs of failed requests are.
  const file = reserve.use(() => openFreshFile(fresh, { mode: 0o600 }));
  try {
    await writeAll(file, bytes);
    if (isSynced) await file.syncData();
  } finally {
    file.close();
    reserve.refill();
  }
  try {
    await Deno.rename(fresh, path);
  } catch (error) {
    await Deno.remove(fresh).catch(() => {});
    throw error;
  }
  if (isSynced) await syncFolder(dirname(path), reserve);
}
