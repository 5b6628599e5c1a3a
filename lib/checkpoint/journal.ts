/**
 * The journal of a run: a small file beside its output that says what of it is done.
 *
 * ```text
 * myriad journal 1 SHA-256-OF-THE-REST
 * {"identity":…,"done":…,"output":…}
 * ```
 *
 * @module
 */
import { writeAll } from "../process/write_all.ts";
import type { StatsState } from "../stats/stats.ts";
import type { DoneSetState } from "./done_set.ts";

/** What a run is, by flag. What may be secret is in it as a salted hash. */
export type Identity = Readonly<Record<string, string | number | null>>;

/** What a journal says. */
export interface JournalState {
  /** Which command it is of; another one cannot go on with it. */
  readonly identity: Identity;
  /** What the hashes in the identity are salted with. */
  readonly salt: string;
  /** The input as it was; null where it is no file. */
  readonly input: InputState | null;
  /**
   * Whether a CR alone ends a line of it. Where a journal does not say so, an earlier version
   * began the run, which counted lines by LF and CRLF: they keep their numbers.
   */
  readonly crEndsLines?: true;
  /** Whether the run came to its end. */
  readonly complete: boolean;
  /** A retry of what failed that is under way; null without. */
  readonly retry: RetryState | null;
  /** Which requests are done, counted as the source gives them. */
  readonly done: DoneSetState;
  /** Bytes of the output that hold their records, whole, and nothing else. */
  readonly output: number;
  /** The same of the file of failures; null without. */
  readonly failures: number | null;
  readonly stats: StatsState;
  /** Seconds that the run took so far, and what it cost. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssKb: number;
  /** What the machine ran out of, and how often; missing in journals of before it was kept. */
  readonly shortages?: Readonly<Record<string, number>>;
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

const MAGIC = "myriad journal ";
const VERSION = "1";
/** More than the largest set and statistics take. */
const MAX_BYTES = 16 * 1024 * 1024;

/** SHA-256 in hexadecimal, of bytes or of a text's UTF-8. */
export async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}

/**
 * Reads a journal.
 *
 * @throws {JournalError} If it is damaged, or of another version.
 * @throws {Deno.errors.NotFound} If there is none.
 */
export async function readJournal(path: string): Promise<JournalState> {
  const { size } = await Deno.stat(path);
  if (size > MAX_BYTES) throw new JournalError("it is no journal");
  const text = await Deno.readTextFile(path);
  const [head, body] = text.split("\n");
  if (text === "") throw new JournalError("it is empty");
  if (!head.startsWith(MAGIC)) throw new JournalError("it is no journal");
  const [version, hash] = head.slice(MAGIC.length).split(" ");
  if (version !== VERSION) throw new JournalError("it is of another version of myriad");
  if (body === undefined || hash !== await sha256(body)) throw new JournalError("it is damaged");
  return JSON.parse(body);
}

/**
 * Replaces a journal: at any moment the old one or the new one is there, whole. It need not be
 * the new one that a failure of power leaves, since the old one stays as true as it was.
 */
export async function writeJournal(path: string, state: JournalState): Promise<void> {
  const body = JSON.stringify(state);
  const bytes = new TextEncoder().encode(`${MAGIC}${VERSION} ${await sha256(body)}\n${body}\n`);
  const fresh = `${path}.tmp`;
  // Secrets are not in it, but URLs of failed requests are.
  const file = await Deno.open(fresh, { write: true, create: true, truncate: true, mode: 0o600 });
  try {
    await writeAll(file, bytes);
    await file.syncData();
  } finally {
    file.close();
  }
  try {
    await Deno.rename(fresh, path);
  } catch (error) {
    await Deno.remove(fresh).catch(() => {});
    throw error;
  }
}
