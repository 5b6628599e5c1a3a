import { gzipSync } from "node:zlib";
import type { RecordEncoder } from "../output/record_encoder.ts";
import type { Result } from "../result.ts";
import { END, type Item, ReusedItem } from "../source/item.ts";
import { packStats } from "../stats/packed_stats.ts";
import { Stats, type StatsOptions } from "../stats/stats.ts";
import type { Step } from "../stream.ts";
import { readRecord, type RecordTexts } from "./block.ts";
import type { Lease } from "./bus.ts";
import { listNumbers, NumberPlaces, RunBuilder } from "./number_runs.ts";
import type { Part } from "./part.ts";

/** After so many bytes, records are compressed. */
const MEMBER_BYTES = 256 * 1024;

/** What a slice is worked on with. */
export interface OpenSliceOptions {
  readonly lease: Lease;
  /** Undefined without an input. */
  readonly records: RecordTexts | undefined;
  /** Between two numbers of the shard. */
  readonly step: number;
  readonly stats: StatsOptions;
  readonly encoders: {
    readonly records: RecordEncoder | undefined;
    readonly failures: RecordEncoder | undefined;
  };
}

/** A slice that this worker is doing: its items, and what came of them so far. */
export class OpenSlice {
  readonly lease: Lease;
  readonly stats: Stats;
  readonly #options: OpenSliceOptions;
  readonly #places: NumberPlaces;
  readonly #numbers: Iterator<number>;
  readonly #item = new ReusedItem();
  #given = 0;
  /** One bit for each place that has a result. */
  readonly #done: Uint8Array;
  #doneCount = 0;
  readonly #members: Record<"records" | "failures", Uint8Array<ArrayBuffer>[]> = {
    records: [],
    failures: [],
  };

  constructor(options: OpenSliceOptions) {
    const { lease, step, stats } = options;
    const { runs } = lease.slice;
    this.#options = options;
    this.lease = lease;
    this.stats = new Stats(stats);
    this.#places = new NumberPlaces(runs, step);
    this.#numbers = listNumbers(runs, step);
    this.#done = new Uint8Array(Math.ceil(this.#places.count / 8));
  }

  /** The next item, or the end. */
  next(): Step<Item> {
    const step = this.#numbers.next();
    if (step.done) return END;
    const { records } = this.#options;
    const item = this.#item;
    item.i = step.value;
    if (records !== undefined) {
      item.record = readRecord(records, this.#given);
      item.line = records.lines[this.#given];
    }
    this.#given++;
    return item.step;
  }

  has(i: number): boolean {
    return this.#places.find(i) !== undefined;
  }

  /** Takes the result of one of its requests. @throws If it has that one already. */
  write(result: Result): void {
    const place = this.#places.find(result.target.i)!;
    const bit = 1 << (place & 7);
    if ((this.#done[place >> 3] & bit) !== 0) {
      throw new Error(`Two results of request ${result.target.i}`);
    }
    this.#done[place >> 3] |= bit;
    this.#doneCount++;
    const { encoders } = this.#options;
    for (const name of ["records", "failures"] as const) {
      const encoder = encoders[name];
      encoder?.add(result);
      if (encoder !== undefined && encoder.length >= MEMBER_BYTES) this.#pack(name);
    }
  }

  #pack(name: "records" | "failures"): void {
    const encoded = this.#options.encoders[name]?.take();
    if (encoded === undefined) return;
    const { bytes, isPacked } = encoded;
    this.#members[name].push(isPacked ? bytes : gzipSync(bytes) as Uint8Array<ArrayBuffer>);
  }

  /** How many of its requests have a result. */
  get doneCount(): number {
    return this.#doneCount;
  }

  /** Whether all of them have. */
  get isWhole(): boolean {
    return this.#doneCount === this.#places.count;
  }

  /** What came of it so far. Only once. */
  toPart(): Part {
    this.#pack("records");
    this.#pack("failures");
    return {
      runs: this.isWhole ? this.lease.slice.runs : this.#doneRuns(),
      stats: packStats(this.stats),
      records: concat(this.#members.records),
      failures: concat(this.#members.failures),
    };
  }

  #doneRuns(): number[] {
    const { lease: { slice }, step } = this.#options;
    const builder = new RunBuilder(step);
    let place = 0;
    for (const i of listNumbers(slice.runs, step)) {
      if ((this.#done[place >> 3] >> (place & 7) & 1) === 1) builder.add(i);
      place++;
    }
    return builder.runs;
  }
}

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
