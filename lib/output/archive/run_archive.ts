import type { ExchangeTap } from "../../engine/exchange.ts";
import type { Result } from "../../result.ts";
import type { MaybePromise } from "../../stream.ts";
import type { Position } from "../output.ts";
import type { EncodedRecords } from "../record_encoder.ts";
import { ArchiveOutput, type ArchiveOutputOptions } from "./archive_output.ts";
import { Archiver } from "./archiver.ts";
import type { PackedExchanges } from "./packed_exchanges.ts";
import { drawMark, fillPlaces, formatPlace } from "./record_places.ts";

/** The archive of a run, and what packs the exchanges of its main thread. */
export class RunArchive {
  /** Names the run among those that write the archive, and marks places in records of threads. */
  readonly run: string = drawMark();
  readonly #path: string;
  readonly #output: ArchiveOutput;
  readonly #archiver: Archiver;
  #full: Promise<void> | undefined;

  /**
   * Opens the archive, and changes nothing.
   *
   * @throws {UsageError} If it cannot be written, or holds records of another run.
   */
  static async open(
    options: ArchiveOutputOptions,
    before: { readonly isResumed: boolean; readonly overwrite: boolean },
  ): Promise<RunArchive> {
    return new RunArchive(options, await ArchiveOutput.open(options, before));
  }

  private constructor(options: ArchiveOutputOptions, output: ArchiveOutput) {
    this.#path = options.path;
    this.#output = output;
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
    const packed = this.#archiver.take();
    this.#full = undefined;
    if (packed === undefined) return result;
    const { serial, offset } = this.#output.findPlace();
    const place = { serial, offset: offset + packed.responses[0] };
    this.#full = this.#output.append(packed) ?? undefined;
    return { ...result, bodyFile: formatPlace(this.#path, place) };
  }

  /** What has to be waited for after the last {@linkcode complete}. */
  get full(): MaybePromise<void> {
    return this.#full;
  }

  /** Writes exchanges that another thread has packed; as {@linkcode ArchiveOutput.append}. */
  append(packed: PackedExchanges): MaybePromise<void> {
    return this.#output.append(packed);
  }

  /** Puts the places of exchanges that are appended next into the records of their requests. */
  fillPlaces({ bytes, isPacked }: EncodedRecords, { responses }: PackedExchanges): EncodedRecords {
    const place = this.#output.findPlace();
    return { bytes: fillPlaces(bytes, this.run, place, responses), isPacked };
  }

  get written(): number {
    return this.#output.written;
  }

  sync(): Promise<Position> {
    return this.#output.sync();
  }

  cutTo(position: Position): Promise<void> {
    return this.#output.cutTo(position);
  }

  abandon(): void {
    this.#archiver.close();
    this.#output.abandon();
  }

  async close(): Promise<void> {
    this.#archiver.close();
    await this.#output.close();
  }
}
