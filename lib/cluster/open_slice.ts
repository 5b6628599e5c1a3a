import { gzipSync } from "node:zlib";
import { joinBytes } from "../byte_buffer.ts";
import type { RecordEncoder } from "../output/record_encoder.ts";
import type { Result } from "../result.ts";
import { END, type Item, ReusedItem } from "../source/item.ts";
import { packStats } from "../stats/packed_stats.ts";
import { Stats, type StatsOptions } from "../stats/stats.ts";
import type { Step } from "../stream.ts";
import { readRecord, type RecordTexts } from "./block.ts";
import type { Lease } from "./bus/slice_queue.ts";
import { NumberPlaces, RunBuilder } from "./number_runs.ts";
import type { Part } from "./part.ts";

/** After so many bytes, records are compressed. */
const MEMBER_BYTES = 256 * 1024;

/** What the results of one slice after the other are encoded with. */
export interface SliceEncoders {
  /** Undefined for an output that the run does not have. */
  readonly records: RecordEncoder | undefined;
  readonly failures: RecordEncoder | undefined;
}

/** What a slice is worked on with. */
export interface OpenSliceOptions {
  readonly lease: Lease;
  /** Undefined without an input. */
  readonly records: RecordTexts | undefined;
  /** Between two numbers of the shard. */
  readonly step: number;
  readonly stats: StatsOptions;
  /** They hold nothing, and belong to no other slice. */
  readonly encoders: SliceEncoders;
}

/** A slice that this worker is doing: its items, and what came of them so far. */
export class OpenSlice {
  /** Its first delivery to this worker. */
  readonly lease: Lease;
  readonly stats: Stats;
  readonly encoders: SliceEncoders;
  readonly #records: RecordTexts | undefined;
  readonly #runs: readonly number[];
  readonly #step: number;
  readonly #places: NumberPlaces;
  readonly #item = new ReusedItem();
  /** The run of the next item, and how many of that run were given. */
  #run = 0;
  #within = 0;
  /** How many items were given. */
  #given = 0;
  /** One bit for each place that has a result. */
  readonly #done: Uint8Array;
  #doneCount = 0;
  /** How many of its requests failed on their way, without a response. */
  #silentCount = 0;
  /** Of whole gzip members. */
  readonly #packedRecords: Uint8Array<ArrayBuffer>[] = [];
  readonly #packedFailures: Uint8Array<ArrayBuffer>[] = [];

  constructor({ lease, records, step, stats, encoders }: OpenSliceOptions) {
    const { runs } = lease.slice;
    this.lease = lease;
    this.stats = new Stats(stats);
    this.encoders = encoders;
    this.#records = records;
    this.#runs = runs;
    this.#step = step;
    this.#places = new NumberPlaces(runs, step);
    this.#done = new Uint8Array(Math.ceil(this.#places.count / 8));
  }

  /** The next item, or the end. */
  next(): Step<Item> {
    const runs = this.#runs;
    if (this.#run === runs.length) return END;
    const item = this.#item;
    item.i = runs[this.#run] + this.#within * this.#step;
    if (++this.#within === runs[this.#run + 1]) {
      this.#run += 2;
      this.#within = 0;
    }
    const records = this.#records;
    if (records !== undefined) {
      item.record = readRecord(records, this.#given);
      item.line = records.lines[this.#given];
      item.input = records.inputs[this.#given] ?? 0;
    }
    this.#given++;
    return item.step;
  }

  /** The place of a number in it, from 0; undefined if it does not have that number. */
  find(i: number): number | undefined {
    return this.#places.find(i);
  }

  /**
   * Takes the result of one of its requests.
   *
   * @param place that of the request's number
   * @throws If it has that one already.
   */
  write(place: number, result: Result): void {
    const bit = 1 << (place & 7);
    if ((this.#done[place >> 3] & bit) !== 0) {
      throw new Error(`Two results of request ${result.target.i}`);
    }
    this.#done[place >> 3] |= bit;
    this.#doneCount++;
    this.stats.record(result);
    if (result.error !== undefined && result.scope !== undefined) this.#silentCount++;
    const { records, failures } = this.encoders;
    if (records !== undefined) {
      records.add(result);
      if (records.length >= MEMBER_BYTES) pack(records, this.#packedRecords);
    }
    if (failures !== undefined) {
      failures.add(result);
      if (failures.length >= MEMBER_BYTES) pack(failures, this.#packedFailures);
    }
  }

  /** How many of its requests have a result. */
  get doneCount(): number {
    return this.#doneCount;
  }

  /** Whether all of them have. */
  get isWhole(): boolean {
    return this.#doneCount === this.#places.count;
  }

  /** Whether a request of it got no response, so that this worker's network can be the cause. */
  get hasSilence(): boolean {
    return this.#silentCount > 0;
  }

  /** Whether all of them did that have a result. */
  get isSilent(): boolean {
    return this.#silentCount === this.#doneCount;
  }

  /** What came of it so far. Only once: it lets go of its encoders. */
  toPart(): Part {
    const { records, failures } = this.encoders;
    if (records !== undefined) pack(records, this.#packedRecords);
    if (failures !== undefined) pack(failures, this.#packedFailures);
    return {
      runs: this.isWhole ? this.#runs : this.#doneRuns(),
      stats: packStats(this.stats),
      records: joinBytes(...this.#packedRecords),
      failures: joinBytes(...this.#packedFailures),
    };
  }

  #doneRuns(): number[] {
    const runs = this.#runs;
    const builder = new RunBuilder(this.#step);
    let place = 0;
    for (let k = 0; k < runs.length; k += 2) {
      for (let n = 0; n < runs[k + 1]; n++, place++) {
        if ((this.#done[place >> 3] >> (place & 7) & 1) === 1) {
          builder.add(runs[k] + n * this.#step);
        }
      }
    }
    return builder.runs;
  }
}

/** Compresses what an encoder holds. */
function pack(encoder: RecordEncoder, members: Uint8Array<ArrayBuffer>[]): void {
  const encoded = encoder.take();
  if (encoded === undefined) return;
  const { bytes, isPacked } = encoded;
  members.push(isPacked ? bytes : gzipSync(bytes) as Uint8Array<ArrayBuffer>);
}
