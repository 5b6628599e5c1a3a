import { hashKey, HashStateTable } from "./hash_states.ts";
import { NumberedPath } from "./number_place.ts";
import { PagedStateTable } from "./number_states.ts";
import { PathHash } from "./path_hash.ts";
import type { RequestPath } from "./request_path.ts";
import { type LogMatch, Tally } from "./tally.ts";

/** How many records are looked at to find where the number stands, and how many bytes of them. */
const SAMPLE = 1_024;
const SAMPLE_BYTES = 256 * 1024;

/** Most paths whose other status is remembered, for the examples. */
const MAX_OTHERS = 1_000;

/** A path by its number or its hash. */
export interface Key {
  readonly kind: "number" | "hash";
  readonly value: number;
}

/** A path with which something is wrong. */
export interface Suspect {
  readonly key: Key;
  /** The status of its records. */
  readonly status: number | undefined;
  /** The last other status that the server's log has for it, where that is known. */
  readonly logged: number | undefined;
}

interface Sampled {
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly attempts: number;
}

/**
 * Reconciles records with the lines of a server's log, by path: all records first, then the lines.
 * It holds 2 bytes for a path that differs from the others only by a number, as long as those are
 * not far apart, and some 16 for any other; no path itself.
 */
export class Ledger {
  #sample: Sampled[] | undefined = [];
  #sampledBytes = 0;
  #place: NumberedPath | undefined;
  readonly #numbers = new PagedStateTable();
  readonly #numberTally = new Tally();
  readonly #hashes = new HashStateTable();
  readonly #hashTally = new Tally();
  readonly #hash = new PathHash();
  /** The last other status of paths that have not had their own yet, by key. */
  readonly #otherOfNumbers = new Map<number, number>();
  readonly #otherOfHashes = new Map<number, number>();

  /**
   * @param status 0 if there is no answer
   * @param attempts from 1
   */
  addRecord(path: RequestPath, status: number, attempts: number): void {
    if (this.#sample === undefined) return this.#add(path, status, attempts);
    const bytes = path.bytes.slice(path.from, path.to);
    this.#sample.push({ bytes, status, attempts });
    this.#sampledBytes += bytes.length;
    if (this.#sample.length >= SAMPLE || this.#sampledBytes >= SAMPLE_BYTES) this.#endSample();
  }

  #endSample(): void {
    const sample = this.#sample;
    if (sample === undefined) return;
    this.#sample = undefined;
    this.#place = NumberedPath.find(sample.map(({ bytes }) => bytes));
    for (const { bytes, status, attempts } of sample) {
      this.#add({ bytes, from: 0, to: bytes.length }, status, attempts);
    }
  }

  #add(
    path: Pick<RequestPath, "bytes" | "from" | "to">,
    status: number,
    attempts: number,
  ): void {
    const number = this.#place?.numberOf(path) ?? -1;
    if (number >= 0 && this.#numbers.reserve(number)) {
      const state = this.#numbers.get(number);
      this.#numbers.set(number, this.#numberTally.addRecord(state, number, status, attempts));
      return;
    }
    const hash = this.#hash;
    hash.take(path.bytes, path.from, path.to);
    const { low, high } = hash;
    const state = this.#hashes.get(low, high);
    const key = hashKey(low, high);
    this.#hashes.set(low, high, this.#hashTally.addRecord(state, key, status, attempts));
  }

  /** Takes a line of the server's log. */
  addSighting(path: RequestPath, status: number): LogMatch {
    this.#endSample();
    const number = this.#place?.numberOf(path) ?? -1;
    if (number >= 0) {
      const state = this.#numbers.get(number);
      if (state !== 0) {
        const tally = this.#numberTally;
        this.#numbers.set(number, tally.addSighting(state, number, status));
        note(this.#otherOfNumbers, number, tally.sighting, status);
        return tally.sighting;
      }
    }
    const hash = this.#hash;
    hash.take(path.bytes, path.from, path.to);
    const { low, high } = hash;
    const state = this.#hashes.get(low, high);
    if (state === 0) return "unknown";
    const tally = this.#hashTally;
    const key = hashKey(low, high);
    this.#hashes.set(low, high, tally.addSighting(state, key, status));
    note(this.#otherOfHashes, key, tally.sighting, status);
    return tally.sighting;
  }

  /** Records of paths that were not compared, since too many paths are requested so often. */
  get uncounted(): number {
    return this.#numberTally.uncounted + this.#hashTally.uncounted;
  }

  /**
   * What is left when both logs were read.
   *
   * @param onMissing called with how many answers of a path the server's log does not have
   * @param onOther called for a path that the server's log has, and not with its status
   */
  close(
    onMissing: (suspect: Suspect, count: number) => void,
    onOther: (suspect: Suspect) => void,
  ): void {
    this.#endSample();
    const look = (kind: Key["kind"], tally: Tally, others: Map<number, number>) => {
      return (state: number, value: number): void => {
        const missing = tally.missing(state, value);
        if (missing === 0 && !tally.differs(state, value)) return;
        const suspect: Suspect = {
          key: { kind, value },
          status: tally.statusOf(state),
          logged: others.get(value),
        };
        if (missing > 0) onMissing(suspect, missing);
        else onOther(suspect);
      };
    };
    this.#numbers.forEach(look("number", this.#numberTally, this.#otherOfNumbers));
    this.#hashes.forEach(look("hash", this.#hashTally, this.#otherOfHashes));
  }

  /** The path of a key; undefined where only its hash is known. */
  pathOf({ kind, value }: Key): string | undefined {
    return kind === "number" ? this.#place!.pathOf(value) : undefined;
  }

  /** The value of a path's key, if that is its hash. */
  hashOf(path: RequestPath): number {
    this.#hash.take(path.bytes, path.from, path.to);
    return hashKey(this.#hash.low, this.#hash.high);
  }
}

/** Remembers the other status of a path until its own one comes. */
function note(
  others: Map<number, number>,
  key: number,
  sighting: LogMatch,
  status: number,
): void {
  if (sighting === "other status") {
    if (others.size < MAX_OTHERS || others.has(key)) others.set(key, status);
  } else if (sighting === "explained" && others.size > 0) others.delete(key);
}
