import type { Archiver } from "../../output/archive/archiver.ts";
import type { SpooledPart } from "../../output/archive/packed_exchanges.ts";
import type { Bodies } from "../../output/bodies/bodies.ts";
import type { RecordEncoder } from "../../output/record_encoder.ts";
import type { Result } from "../../result.ts";
import type { CountedIteration } from "../../stats/flow_tally.ts";
import type { Stats } from "../../stats/stats.ts";
import type { WarmUpStats } from "../../stats/warm_up.ts";
import {
  type EntryHead,
  type LoggedPart,
  type LoggedPlaces,
  sealEntry,
  SECTIONS,
  type Sections,
} from "./entry.ts";
import { type LogPlace, LogWriter, measureLogSeconds } from "./log_folder.ts";
import { EntryRows } from "./rows.ts";

/**
 * A block ends with so many results beyond the first, as a share of the concurrency. Those of them that
 * have come are lost together: half of them in the mean, as the result that ends a block is logged.
 */
const BLOCK_SHARE = 0.3;
const MAX_BLOCK_LENGTH = 2_000;
/** A block ends with so many bytes of any kind, however few results it has. */
const MAX_BLOCK_BYTES = 64 * 1024;

/** What encodes the results of a thread; undefined for an output that the run does not have. */
export interface LogEncoders {
  readonly records: RecordEncoder | undefined;
  readonly failures: RecordEncoder | undefined;
  /** What packs their exchanges; missing if these are not saved. */
  readonly archiver?: Pick<Archiver, "peek" | "freshLength"> | undefined;
  /** What has their bodies; missing if these have no files of their own. */
  readonly bodies?: Pick<Bodies, "takeChecks"> | undefined;
  /** What stands in records for the places of exchanges. */
  readonly mark?: string | undefined;
}

/**
 * The log of a thread: what its results are, before the outputs and the journal have them. They
 * gather in a block, which is then written as an entry, in one write.
 *
 * It counts results for statistics, and is told of each of them by whoever counts them.
 */
export class ResultLog implements WarmUpStats {
  readonly #writer: LogWriter;
  readonly #place: LogPlace;
  readonly #blockLength: number;
  readonly #encoders: LogEncoders;
  readonly #stats: Stats;
  readonly #isNamed: boolean;
  readonly #rows = new EntryRows();
  readonly #lengths = SECTIONS.map(() => 0);
  /** The number of the last entry. */
  number = 0;

  /**
   * @param thread its number, from 0
   * @param concurrency that of the thread
   * @param stats that of the thread, which count what the log is told of
   * @param isNamed whether statistics need the URL of each result
   * @throws {OutputError} If its files cannot be made.
   */
  constructor(
    place: LogPlace,
    { thread, concurrency, encoders, stats, isNamed }: {
      readonly thread: number;
      readonly concurrency: number;
      readonly encoders: LogEncoders;
      readonly stats: Stats;
      readonly isNamed: boolean;
    },
  ) {
    this.#writer = new LogWriter(place, thread);
    this.#place = place;
    this.#blockLength = Math.min(
      MAX_BLOCK_LENGTH,
      1 + Math.floor(BLOCK_SHARE * concurrency),
    );
    this.#encoders = encoders;
    this.#stats = stats;
    this.#isNamed = isNamed;
  }

  record(result: Result): void {
    this.#stats.record(result);
    this.#rows.addResult(result, this.#stats.flow === undefined, false, this.#isNamed);
  }

  recordWarmUp(result: Result): void {
    this.#stats.recordWarmUp(result);
    this.#rows.addResult(result, this.#stats.flow === undefined, true, this.#isNamed);
  }

  recordIteration(iteration: CountedIteration): void {
    this.#stats.recordIteration(iteration);
    this.#rows.addIteration(iteration);
  }

  recordRetry(cause: string, result: Result): void {
    this.#stats.recordRetry(cause, result);
    this.#rows.addRetry(cause, result.ms);
  }

  recordStart(ownLateMs: number): void {
    this.#stats.recordStart(ownLateMs);
    this.#rows.addStart(ownLateMs);
  }

  recordLateStart(ms: number): void {
    this.#stats.recordLateStart(ms);
    this.#rows.addLateStart(ms);
  }

  /** Notes that an iteration of a flow is done. */
  addIteration(i: number): void {
    this.#rows.addDone(i);
  }

  /** Adds the record of a result that was counted. */
  addRecord(result: Result): void {
    const { records, failures } = this.#encoders;
    records?.add(result);
    failures?.add(result);
  }

  /** Whether the block is to end. */
  get isFull(): boolean {
    return this.#rows.count >= this.#blockLength ||
      (this.#encoders.records?.freshLength ?? 0) >= MAX_BLOCK_BYTES ||
      // Each has the body of its request.
      (this.#encoders.failures?.freshLength ?? 0) >= MAX_BLOCK_BYTES ||
      (this.#encoders.archiver?.freshLength ?? 0) >= MAX_BLOCK_BYTES;
  }

  /** Which of its two files takes entries. */
  get file(): number {
    return this.#writer.current;
  }

  /** Lets a file take entries whose entries a journal covers. */
  switchTo(file: number): void {
    this.#writer.switchTo(file);
  }

  /**
   * Writes what has gathered as an entry, unless it is nothing. The encoders keep the records.
   *
   * @throws {OutputError} If it cannot be written.
   */
  endBlock(): void {
    const rows = this.#rows;
    if (rows.isEmpty) return;
    const { records, failures, archiver, bodies, mark } = this.#encoders;
    const end = rows.end;
    const exchanges = archiver?.peek();
    const parts = exchanges?.parts ?? [];
    if (this.#place.isSynced) {
      for (const { path } of parts) this.#writer.sync(path);
    }
    const length = this.#put({
      records: records?.peek(),
      failures: failures?.peek(),
      exchanges: exchanges?.bytes,
      captures: exchanges?.captures === undefined ? undefined : toBytes(exchanges.captures),
      places: exchanges && toJson(
        {
          mark,
          base: exchanges.base,
          responses: exchanges.responses,
          parts: parts.map(toLoggedPart),
        } satisfies LoggedPlaces,
      ),
      bodies: bodies && toBytes(bodies.takeChecks()),
    }, end);
    const bytes = rows.bytes.subarray(0, length);
    sealEntry(bytes, this.#nextHead(), this.#lengths);
    this.#writer.write(bytes);
    rows.clear();
  }

  /** Puts sections behind the rows. @returns where they end */
  #put(
    sections: { readonly [name in keyof Sections]?: Uint8Array | undefined },
    end: number,
  ): number {
    const rows = this.#rows;
    let at = end;
    for (let k = 0; k < SECTIONS.length; k++) {
      const section = sections[SECTIONS[k]];
      this.#lengths[k] = section?.length ?? 0;
      if (section === undefined || section.length === 0) continue;
      rows.reserve(at + section.length);
      rows.bytes.set(section, at);
      at += section.length;
    }
    this.#lengths[0] = rows.rowsLength;
    return at;
  }

  #nextHead(): EntryHead {
    return {
      id: this.#place.id,
      number: ++this.number,
      seconds: measureLogSeconds(this.#place),
    };
  }

  close(): void {
    this.#writer.close();
  }
}

const encoder = new TextEncoder();
const toBytes = (text: string): Uint8Array => encoder.encode(text);
const toJson = (value: unknown): Uint8Array => toBytes(JSON.stringify(value));

/** Its name behind the prefix has the run, the thread, the number and an ending. */
function toLoggedPart({ at, path, length, crc }: SpooledPart): LoggedPart {
  return { at, name: path.split(".").slice(-4).join("."), length, crc };
}
