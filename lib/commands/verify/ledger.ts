import { HashStateTable, toHashKey } from "./hash_state_table.ts";
import { NumberedPath } from "./numbered_path.ts";
import { PagedStateTable } from "./paged_state_table.ts";
import { PathHash } from "./path_hash.ts";
import { type LogMatch, PathTally } from "./path_tally.ts";
import type { RequestPath } from "./request_path.ts";

/** The sample of records to find the pattern of their paths has at most so many records and bytes. */
const MAX_SAMPLE = 1_024;
const MAX_SAMPLE_BYTES = 256 * 1024;

/** Paths whose other status is kept for the examples, at most. */
const MAX_OTHERS = 1_000;

/** The key of a path: its number or its hash. */
export interface PathKey {
  readonly kind: "number" | "hash";
  readonly value: number;
}

/** A path whose records and log lines differ. */
export interface Discrepancy {
  readonly key: PathKey;
  /** The status of its records; undefined if they have no status, or different ones. */
  readonly status: number | undefined;
  /** The last other status that the server's log has for it; undefined if that is unknown. */
  readonly logged: number | undefined;
}

interface SampledRecord {
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly attempts: number;
}

/**
 * Reconciles records with the lines of a server's log by path: first all records, then the lines.
 * It holds 2 bytes for a path that differs from the others only by a number, as long as the numbers
 * are not far apart, and about 16 bytes for any other path. It does not hold the paths themselves.
 */
export class Ledger {
  #sample: SampledRecord[] | undefined = [];
  #sampledBytes = 0;
  #numberedPath: NumberedPath | undefined;
  readonly #numbers = new PagedStateTable();
  readonly #numberTally = new PathTally();
  readonly #hashes = new HashStateTable();
  readonly #hashTally = new PathTally();
  readonly #hash = new PathHash();
  /** By key, the last other status of paths that were not yet in the log with their own status. */
  readonly #numberOthers = new Map<number, number>();
  readonly #hashOthers = new Map<number, number>();

  /**
   * Adds a record.
   *
   * @param status 0 if there was no response
   * @param attempts from 1
   */
  addRecord(path: RequestPath, status: number, attempts: number): void {
    if (this.#sample === undefined) return this.#add(path, status, attempts);
    const bytes = path.bytes.slice(path.from, path.to);
    this.#sample.push({ bytes, status, attempts });
    this.#sampledBytes += bytes.length;
    if (this.#sample.length >= MAX_SAMPLE || this.#sampledBytes >= MAX_SAMPLE_BYTES) {
      this.#endSample();
    }
  }

  #endSample(): void {
    const sample = this.#sample;
    if (sample === undefined) return;
    this.#sample = undefined;
    this.#numberedPath = NumberedPath.find(sample.map(({ bytes }) => bytes));
    for (const { bytes, status, attempts } of sample) {
      this.#add({ bytes, from: 0, to: bytes.length }, status, attempts);
    }
  }

  #add(
    path: Pick<RequestPath, "bytes" | "from" | "to">,
    status: number,
    attempts: number,
  ): void {
    const number = this.#numberedPath?.parseNumber(path) ?? -1;
    if (number >= 0 && this.#numbers.reserve(number)) {
      const state = this.#numbers.get(number);
      this.#numbers.set(number, this.#numberTally.addRecord(state, number, status, attempts));
      return;
    }
    const hash = this.#hash;
    hash.update(path.bytes, path.from, path.to);
    const { low, high } = hash;
    const state = this.#hashes.get(low, high);
    const key = toHashKey(low, high);
    this.#hashes.set(low, high, this.#hashTally.addRecord(state, key, status, attempts));
  }

  /** Adds a line of the server's log. */
  addLogLine(path: RequestPath, status: number): LogMatch {
    this.#endSample();
    const number = this.#numberedPath?.parseNumber(path) ?? -1;
    if (number >= 0) {
      const state = this.#numbers.get(number);
      if (state !== 0) {
        const tally = this.#numberTally;
        this.#numbers.set(number, tally.addLogLine(state, number, status));
        noteOther(this.#numberOthers, number, tally.lastMatch, status);
        return tally.lastMatch;
      }
    }
    const hash = this.#hash;
    hash.update(path.bytes, path.from, path.to);
    const { low, high } = hash;
    const state = this.#hashes.get(low, high);
    if (state === 0) return "unknown";
    const tally = this.#hashTally;
    const key = toHashKey(low, high);
    this.#hashes.set(low, high, tally.addLogLine(state, key, status));
    noteOther(this.#hashOthers, key, tally.lastMatch, status);
    return tally.lastMatch;
  }

  /** Records that were not compared, since too many paths are requested too often to count. */
  get uncounted(): number {
    return this.#numberTally.uncounted + this.#hashTally.uncounted;
  }

  /**
   * Reports the differences, after all records and lines were added.
   *
   * @param onMissing called with how many responses of a path the server's log does not have
   * @param onOther called for a path that the server's log has with another status
   */
  close(
    onMissing: (discrepancy: Discrepancy, count: number) => void,
    onOther: (discrepancy: Discrepancy) => void,
  ): void {
    this.#endSample();
    const createCheck = (kind: PathKey["kind"], tally: PathTally, others: Map<number, number>) => {
      return (state: number, value: number): void => {
        const missing = tally.countMissing(state, value);
        if (missing === 0 && !tally.hasOtherStatus(state, value)) return;
        const discrepancy: Discrepancy = {
          key: { kind, value },
          status: tally.findStatus(state),
          logged: others.get(value),
        };
        if (missing > 0) onMissing(discrepancy, missing);
        else onOther(discrepancy);
      };
    };
    this.#numbers.forEach(createCheck("number", this.#numberTally, this.#numberOthers));
    this.#hashes.forEach(createCheck("hash", this.#hashTally, this.#hashOthers));
  }

  /** Formats the path of a key; undefined if only its hash is known. */
  formatPath({ kind, value }: PathKey): string | undefined {
    return kind === "number" ? this.#numberedPath!.format(value) : undefined;
  }

  /** Hashes a path, to find it by the value of a key of kind `hash`. */
  hashPath(path: RequestPath): number {
    this.#hash.update(path.bytes, path.from, path.to);
    return toHashKey(this.#hash.low, this.#hash.high);
  }
}

/** Keeps the other status of a path until the log has its own status. */
function noteOther(
  others: Map<number, number>,
  key: number,
  match: LogMatch,
  status: number,
): void {
  if (match === "other status") {
    if (others.size < MAX_OTHERS || others.has(key)) others.set(key, status);
  } else if (match === "explained" && others.size > 0) others.delete(key);
}
