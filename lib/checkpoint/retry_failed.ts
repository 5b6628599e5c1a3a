/**
 * What `--retry-failed` begins with: the records of an output that stay, and which requests are made
 * again.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { KeptRecords, Position } from "../output/output.ts";
import {
  ABSENT,
  DECIMAL,
  INTEGER,
  integerAt,
  NULL,
  numberAt,
  type RecordScanner,
} from "../scan/scanner.ts";
import { type NumberSequence, toIndex } from "../source/numbering.ts";
import { Histogram } from "../stats/histogram.ts";
import type { Refuted } from "../stats/stats.ts";
import type { Expectation } from "../target.ts";
import { SparseBitmap } from "./sparse_bitmap.ts";

/** The fields of a record that are read. */
const NAMES = ["i", "status", "error", "ms", "bytes", "attempts"];
const [I, STATUS, ERROR, MS, BYTES, ATTEMPTS] = NAMES.keys();

/** What is left of an output. */
export interface Kept {
  /** The places of the requests that failed. */
  readonly failed: SparseBitmap;
  /** The position behind the records that stay. */
  readonly position: Position;
  /** What had counted as succeeded and has failed by the new expectation; undefined if nothing. */
  readonly refuted: Refuted | undefined;
}

/** How records are left out, and what is expected of them. */
export interface KeepOptions {
  /** Leaves out the records that are not kept. @returns the position behind the others */
  readonly keep: (records: KeptRecords) => Promise<Position>;
  /** The numbers of the whole run. */
  readonly numbering: NumberSequence;
  /**
   * The statuses and the latency that are expected now; undefined where nothing else is expected
   * than before.
   */
  readonly expected: Pick<Expectation, "statuses" | "latencyMs"> | undefined;
}

/**
 * Keeps the records that are not failures. A record with an error stays a failure, whatever is
 * expected now: it does not tell what else its response was.
 *
 * @param path the output, for messages
 * @throws {UsageError} If the output cannot be read as what it should be.
 */
export async function keepSucceeded(
  path: string,
  { keep, numbering, expected }: KeepOptions,
): Promise<Kept> {
  const fail = (why: string): never => {
    throw new UsageError(`Cannot retry what failed of '--output ${path}': ${why}`);
  };
  const failed = new SparseBitmap();
  const judgement = expected && new Judgement(expected);
  const isKept = (record: RecordScanner): boolean => {
    const { kinds } = record;
    if (kinds[I] !== INTEGER || (kinds[STATUS] === ABSENT && kinds[ERROR] === ABSENT)) {
      return fail("its records have no fields 'i' and 'status'");
    }
    const hasFailed = kinds[STATUS] === NULL || kinds[ERROR] > NULL ||
      (judgement?.isRefuted(record) ?? false);
    if (hasFailed) failed.add(toIndex(integerAt(record, I), numbering));
    return !hasFailed;
  };
  const position = await keep({
    names: NAMES,
    isKept,
    onUnreadable: () => fail("it holds something that is not a record"),
  });
  const lacking = judgement?.lacking;
  if (lacking !== undefined) {
    fail(`its records have no field '${lacking}', which is needed to judge them again`);
  }
  return { failed, position, refuted: judgement?.refuted };
}

/** Judges records of responses that had succeeded by what is expected now. */
class Judgement {
  readonly #expected: NonNullable<KeepOptions["expected"]>;
  readonly #statuses = new Map<number, number>();
  readonly #latency = new Histogram();
  #requests = 0;
  #bytes = 0;
  #attempts = 0;
  #busyMs = 0;
  /** Whether each record so far had the field. */
  #hasStatus = true;
  #hasMs = true;

  constructor(expected: NonNullable<KeepOptions["expected"]>) {
    this.#expected = expected;
  }

  /** Whether a response has failed by its status, or took too long. */
  isRefuted(record: RecordScanner): boolean {
    const status = readNumber(record, STATUS);
    const ms = readNumber(record, MS);
    this.#hasStatus &&= !Number.isNaN(status);
    this.#hasMs &&= !Number.isNaN(ms);
    const { statuses, latencyMs = Infinity } = this.#expected;
    // Of a record that does not tell, nothing is known; that is refused in the end.
    if ((statuses?.has(status) ?? true) && !(ms > latencyMs)) {
      this.#latency.record(ms * 1000);
      return false;
    }
    this.#requests++;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#busyMs += ms;
    this.#bytes += readNumber(record, BYTES);
    this.#attempts += readNumber(record, ATTEMPTS);
    return true;
  }

  /** A field that some record lacks and that the judgement needs; undefined without one. */
  get lacking(): string | undefined {
    if (!this.#hasStatus) return "status";
    if (this.#requests === 0 && this.#expected.latencyMs === undefined) return undefined;
    if (!this.#hasMs) return "ms";
    if (this.#requests === 0) return undefined;
    if (Number.isNaN(this.#bytes)) return "bytes";
    return Number.isNaN(this.#attempts) ? "attempts" : undefined;
  }

  get refuted(): Refuted | undefined {
    if (this.#requests === 0) return undefined;
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      attempts: this.#attempts,
      busyMs: this.#busyMs,
      statuses: Object.fromEntries(this.#statuses),
      latency: this.#latency.toJSON(),
    };
  }
}

/** A number of a record; NaN where it has none. */
function readNumber(record: RecordScanner, field: number): number {
  const kind = record.kinds[field];
  return kind === INTEGER || kind === DECIMAL ? numberAt(record, field) : NaN;
}
