import { basename } from "node:path";
import type { ExchangeTap } from "../../engine/exchange.ts";
import type { Result } from "../../result.ts";
import type { MaybePromise } from "../../stream.ts";
import type { BodiesOptions } from "../bodies/bodies.ts";
import type { CdxIndex } from "../cdx/cdx_index.ts";
import type { Position } from "../output.ts";
import type { EncodedRecords } from "../record_encoder.ts";
import { ArchiveOutput, type ArchiveOutputOptions, measureFiles } from "./archive_output.ts";
import { toSerialPath } from "./archive_paths.ts";
import { Archiver } from "./archiver.ts";
import type { PackedExchanges } from "./packed_exchanges.ts";
import { drawMark, fillPlaces, formatMarkedPlace, formatPlace } from "./record_places.ts";

/** The archive of a run, and what packs the exchanges of its main thread. */
export class RunArchive {
  /** Names the run among those that write the archive, and marks places in records of threads. */
  readonly run: string = drawMark();
  readonly #path: string;
  readonly #output: ArchiveOutput;
  readonly #archiver: Archiver;
  /** Undefined without an index. */
  readonly #index: CdxIndex | undefined;
  readonly #overwrites: boolean;
  #full: Promise<void> | undefined;
  /** What stands in records for places that are not known yet. */
  readonly #markedPlace: string;

  /**
   * Opens the archive, and changes nothing.
   *
   * @throws {UsageError} If it cannot be written, or holds records of another run.
   */
  static async open(
    options: ArchiveOutputOptions,
    before: BodiesOptions,
  ): Promise<RunArchive> {
    const output = await ArchiveOutput.open(options, before);
    try {
      return new RunArchive(options, output, await openIndex(options, before), before.overwrite);
    } catch (error) {
      output.abandon();
      throw error;
    }
  }

  private constructor(
    options: ArchiveOutputOptions,
    output: ArchiveOutput,
    index: CdxIndex | undefined,
    overwrites: boolean,
  ) {
    this.#overwrites = overwrites;
    this.#path = options.path;
    this.#output = output;
    this.#index = index;
    this.#markedPlace = formatMarkedPlace(options.path, this.run);
    this.#archiver = new Archiver(options, { run: this.run });
  }

  /** Takes the exchanges of requests that this thread makes. */
  get exchanges(): ExchangeTap {
    return this.#archiver;
  }

  /**
   * Writes the exchanges of a request, and adds to its result where its response is.
   *
   * @param isMadeAgain whether a later run makes the request again
   * @throws {OutputError} If the archive cannot be written.
   */
  complete(result: Result, isMadeAgain: boolean): Result {
    this.#archiver.add(result, isMadeAgain);
    const packed = this.#archiver.borrow();
    this.#full = undefined;
    if (packed === undefined) return result;
    const { serial, offset } = this.#output.findPlace();
    const place = { serial, offset: offset + packed.responses[0] };
    this.#full = this.#append(packed, true) ?? undefined;
    return { ...result, bodyFile: formatPlace(this.#path, place) };
  }

  /**
   * Packs the exchanges of a request, and adds to its result a mark for the place of its response,
   * which {@linkcode fillPlaces} puts there before {@linkcode appendOwn}.
   *
   * @param isMadeAgain whether a later run makes the request again
   * @throws {OutputError} If they cannot be packed.
   */
  completeLater(result: Result, isMadeAgain: boolean): Result {
    const hasResponse = this.#archiver.add(result, isMadeAgain);
    return hasResponse ? { ...result, bodyFile: this.#markedPlace } : result;
  }

  /** What packs the exchanges of this thread. */
  get archiver(): Pick<Archiver, "peek" | "freshLength"> {
    return this.#archiver;
  }

  /**
   * Writes the exchanges that {@linkcode completeLater} has packed.
   *
   * @param records those of the same requests
   * @returns the records with the places, and what has to be waited for
   * @throws {OutputError} If the archive cannot be written.
   */
  appendOwn(records: EncodedRecords): { records: EncodedRecords; written: MaybePromise<void> } {
    const packed = this.#archiver.borrow();
    if (packed === undefined) return { records, written: undefined };
    const filled = this.fillPlaces(records, packed);
    return { records: filled, written: this.#append(packed, true) };
  }

  /** What has to be waited for after the last {@linkcode complete}. */
  get full(): MaybePromise<void> {
    return this.#full;
  }

  /** Writes exchanges that another thread has packed; as {@linkcode ArchiveOutput.append}. */
  append(packed: PackedExchanges): MaybePromise<void> {
    return this.#append(packed, false);
  }

  #append(packed: PackedExchanges, isBorrowed: boolean): MaybePromise<void> {
    if (this.#index === undefined) return this.#output.append(packed, isBorrowed);
    const { serial, offset } = this.#output.findPlace();
    const written = this.#output.append(packed, isBorrowed);
    const indexed = this.#index.add(packed.captures!, {
      filename: basename(toSerialPath(this.#path, serial)),
      offset: offset - (packed.base ?? 0),
      position: this.#output.written,
    });
    if (written === undefined || indexed === undefined) return written ?? indexed;
    const both = Promise.all([written, indexed]).then(() => {});
    // As those of both: a caller with several outputs does not wait for this one if another fails.
    both.catch(() => {});
    return both;
  }

  /**
   * Puts the places of exchanges that are appended next into the records of their requests.
   *
   * @param mark the `run` of the archive that the records were made for
   */
  fillPlaces(
    { bytes, isPacked }: EncodedRecords,
    { responses, base = 0 }: PackedExchanges,
    mark = this.run,
  ): EncodedRecords {
    const { serial, offset } = this.#output.findPlace();
    const place = { serial, offset: offset - base };
    return { bytes: fillPlaces(bytes, mark, place, responses), isPacked };
  }

  /** About how many bytes were appended so far. */
  get written(): number {
    return this.#output.written;
  }

  /**
   * Brings all records so far, and their lines of the index, to the disk.
   *
   * @returns the position behind them
   * @throws {OutputError} If they could not be written.
   */
  async sync(): Promise<Position> {
    const [position] = await Promise.all([this.#output.sync(), this.#index?.sync()]);
    return position;
  }

  /** As {@linkcode ArchiveOutput.keepParts}. */
  keepParts(): void {
    this.#output.keepParts();
  }

  /** As {@linkcode ArchiveOutput.confirm}. */
  confirm(): void {
    this.#output.confirm();
  }

  /** As {@linkcode ArchiveOutput.removeParts}. */
  removeParts(): void {
    this.#output.removeParts();
  }

  /**
   * Removes what is behind a position, of the index too, and continues there. It is called once,
   * before the first record.
   *
   * @throws {UsageError} If that is not possible.
   */
  async cutTo(position: Position): Promise<void> {
    await this.#output.cutTo(position);
    if (this.#index === undefined) {
      if (position === 0 && this.#overwrites) await this.#removeIndex();
      return;
    }
    const files = position === 0 ? [] : await measureFiles(this.#path);
    await this.#index.cutTo(
      position,
      files.map(({ serial, size }) => ({ path: toSerialPath(this.#path, serial), length: size })),
    );
  }

  /** Removes the index of what is overwritten, which this run does not replace. */
  async #removeIndex(): Promise<void> {
    const { removeIndex } = await import("../cdx/cdx_index.ts");
    await removeIndex(this.#path);
  }

  /**
   * Writes the index of all records so far, if there is to be one; nothing is appended afterwards.
   *
   * @throws {OutputError} If it cannot be written.
   */
  async finishIndex(): Promise<void> {
    if (this.#index === undefined) return;
    await this.#output.sync();
    await this.#index.finish();
  }

  /** Lets go of all files where the run cannot begin; those that were made are removed. */
  async abandon(): Promise<void> {
    this.#archiver.close();
    this.#output.abandon();
    await this.#index?.abandon();
  }

  /**
   * Writes what is left, and closes the files.
   *
   * @param isOver whether no run goes on with it
   * @param keepsParts as {@linkcode ArchiveOutput.close} takes it
   * @throws {OutputError} If something could not be written, now or before.
   */
  async close(isOver: boolean, keepsParts = false): Promise<void> {
    this.#archiver.close();
    try {
      await this.#output.close(keepsParts);
    } finally {
      await this.#index?.close(isOver);
    }
  }
}

/** Opens the index of an archive, if there is to be one. */
async function openIndex(
  { path, cdx, isSynced }: ArchiveOutputOptions,
  { isResumed, overwrite }: BodiesOptions,
): Promise<CdxIndex | undefined> {
  if (!cdx) return undefined;
  const { CdxIndex } = await import("../cdx/cdx_index.ts");
  return await CdxIndex.open(path, { isKept: !isResumed && !overwrite, isResumed, isSynced });
}
