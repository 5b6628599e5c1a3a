import process from "node:process";
import { UsageError } from "../errors.ts";
import { Outputs } from "../run/outputs.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise, Step } from "../stream.ts";
import { type Hit, toRecordResult } from "./hit.ts";
import { nameOptions, PURPOSES, readFlags } from "./read_flags.ts";
import type { TargetInit, TargetLike } from "./target.ts";

/** How records are written; each option as the flag of `myriad run` of the same name. */
export interface RecordsOptions {
  /** The format. @default by the ending of the file */
  readonly format?: "ndjson" | "csv" | "parquet" | "sqlite";
  /** Which fields, in which order: `["i", "url", "status"]`. @default those that a result has */
  readonly fields?: readonly string[];
  /** Whether to go on with what an earlier process has begun, if it has. @default {false} */
  readonly resume?: boolean;
  /** Whether a file that is there is replaced. @default {false} */
  readonly overwrite?: boolean;
}

/** A request with the number of its record. */
export type Numbered<T extends TargetLike> = T extends string | URL
  ? { readonly url: T; readonly i: number }
  : T & { readonly i: number };

/**
 * A file of records, one for each request, as `myriad run -o FILE` writes it, and a journal beside it
 * that says which requests are done. A process that is killed leaves a file that the next one goes on
 * with by `resume`: no record is missing then, and none is there twice.
 *
 * @example A run that can be interrupted at any time, and goes on when it is started again
 * ```ts
 * import { Client, Records } from "@myriad/myriad";
 * import { assertEquals } from "@std/assert";
 *
 * const server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen: () => {} },
 *   (request) => new Response(new URL(request.url).pathname),
 * );
 * const folder = await Deno.makeTempDir();
 * function* urls() {
 *   for (let i = 0; i < 20; i++) yield `http://127.0.0.1:${server.addr.port}/${i}`;
 * }
 * const made: number[] = [];
 * const crawl = async (most: number) => {
 *   await using client = await Client.open({ concurrency: 4 });
 *   await using records = await Records.open(`${folder}/pages.ndjson`, { resume: true });
 *   for await (const hit of client.all(records.pending(urls()))) {
 *     await records.write(hit);
 *     made.push(hit.i);
 *     if (made.length === most) break;
 *   }
 * };
 * await crawl(5); // it is interrupted here
 * await crawl(Infinity);
 * assertEquals(made.toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i));
 * const lines = (await Deno.readTextFile(`${folder}/pages.ndjson`)).trim().split("\n");
 * assertEquals(new Set(lines.map((line) => JSON.parse(line).i)).size, 20);
 * await Deno.remove(folder, { recursive: true });
 * await server.shutdown();
 * ```
 */
export class Records implements AsyncDisposable {
  readonly #outputs: Outputs;
  readonly #stats: Stats;
  readonly #startMs = performance.now();
  /** How many numbers `pending` has given whose records were not written yet. */
  #openCount = 0;
  /** Whether `pending` has come to the end of its items. */
  #hasEnded = false;
  /** Why the journal could not be written. */
  #failure: { readonly reason: unknown } | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Opens a file of records, and cuts it back to the records that its journal vouches for.
   *
   * @param path The file; its ending says the format, `.gz` compresses. `-` is standard output, which
   * has no journal.
   * @throws {RangeError} If an option is unknown, or has a wrong value.
   * @throws {Error} If the file cannot be written: another process writes it, it holds something
   * already and neither `resume` nor `overwrite` is set, or it was begun with other options.
   */
  static async open(path: string, options: RecordsOptions = {}): Promise<Records> {
    if (typeof Deno === "undefined") {
      throw new Error(`Cannot ${PURPOSES.Records}: files of records need Deno`);
    }
    const { fields } = options;
    const run = await readFlags(
      { output: path, ...options, fields: fields?.join(",") },
      "Records",
    );
    let outputs: Outputs | undefined;
    try {
      outputs = await Outputs.find({ ...run, onWithheld: () => {} });
      const records = new Records(outputs);
      await outputs.open(() => records.#now(), (reason) => records.#failure ??= { reason });
      return records;
    } catch (error) {
      await outputs?.abandon();
      if (!(error instanceof UsageError)) throw error;
      throw new Error(nameOptions(error.message, "Records"), { cause: error });
    }
  }

  private constructor(outputs: Outputs) {
    this.#outputs = outputs;
    this.#stats = outputs.restoreStats();
  }

  /** Whether the file was begun by an earlier process. */
  get isResumed(): boolean {
    return this.#outputs.isResumed;
  }

  /**
   * Numbers the items of an iterable from 0, and gives those that have no record yet. The iterable
   * has to give the same items in the same order each time. Call it once.
   *
   * It waits where an item is more than 4 million ahead of the oldest one without a record.
   */
  async *pending<T extends TargetLike>(
    items: Iterable<T> | AsyncIterable<T>,
  ): AsyncGenerator<Numbered<T>, void, void> {
    if (this.#outputs.isComplete) {
      this.#hasEnded = true;
      return;
    }
    const iterator = Symbol.asyncIterator in items
      ? items[Symbol.asyncIterator]()
      : items[Symbol.iterator]();
    let i = 0;
    const number = (step: IteratorResult<T, unknown>): Step<Numbered<T>> =>
      step.done ? step : { done: false, value: toNumbered(step.value, i++) };
    const source = this.#outputs.pending<Numbered<T>>({
      next() {
        const step: MaybePromise<IteratorResult<T, unknown>> = iterator.next();
        return step instanceof Promise ? step.then(number) : number(step);
      },
    });
    try {
      for (;;) {
        const step = await source.next();
        if (step.done) break;
        this.#openCount++;
        yield step.value;
      }
      this.#hasEnded = true;
    } finally {
      if (!this.#hasEnded) await iterator.return?.();
    }
  }

  /**
   * Writes the record of a hit, under its number.
   *
   * @returns A promise if the caller has to wait before the next one.
   * @throws {RangeError} If there is a record of this number.
   * @throws {Error} If the file or its journal cannot be written.
   */
  write(hit: Hit): MaybePromise<void> {
    if (this.#failure !== undefined) throw this.#failure.reason;
    if (this.#closing !== undefined) throw new Error("Cannot write a record: the file is closed");
    if (!this.#outputs.isOpen(hit.i)) {
      throw new RangeError(
        `Cannot write a record: number ${hit.i} has one already, or cannot have one`,
      );
    }
    const result = toRecordResult(hit);
    this.#stats.record(result);
    this.#openCount--;
    return this.#outputs.write(result);
  }

  #now(): ReturnType<Parameters<Outputs["open"]>[0]> {
    const { restored } = this.#outputs;
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    return {
      stats: this.#stats.toJSON(),
      cluster: null,
      seconds: (restored?.seconds ?? 0) + (performance.now() - this.#startMs) / 1000,
      cpuSeconds: (restored?.cpuSeconds ?? 0) + (userCPUTime + systemCPUTime) / 1e6,
      peakRssKb: Math.max(restored?.peakRssKb ?? 0, maxRSS),
      shortages: restored?.shortages ?? {},
    };
  }

  /**
   * Brings all records to the disk, and closes the file. It is complete if `pending` has come to its
   * end and each of its requests has a record; otherwise `resume` goes on with it.
   *
   * @throws {Error} If something could not be written.
   */
  close(): Promise<void> {
    const isComplete = this.#hasEnded && this.#openCount <= 0;
    const end = this.#failure !== undefined ? "failed" : isComplete ? "complete" : "interrupted";
    return this.#closing ??= this.#outputs.close(end, () => Promise.resolve(""));
  }

  /** As {@linkcode Records.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function toNumbered<T extends TargetLike>(target: T, i: number): Numbered<T> {
  const numbered: TargetInit = typeof target === "string" || target instanceof URL
    ? { url: target, i }
    : { ...target, i };
  return numbered as Numbered<T>;
}
