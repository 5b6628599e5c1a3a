/**
 * The page of a run: it is opened before the run, and written at its end.
 *
 * @module
 */
import type { JournalState } from "../checkpoint/journal.ts";
import type { ReportOptions } from "../options/run_options.ts";
import { DeferredFile } from "../output/deferred_file.ts";
import { roundSummary, toSummary } from "../report/json.ts";
import type { RunPart } from "../report/page/data.ts";
import { formatPage } from "../report/page/page.ts";
import { SeriesRecorder } from "../series/recorder.ts";
import type { Snapshot } from "../stats/snapshot.ts";

/** Records what a run is like over time, and makes a page of it. */
export class RunPage {
  readonly #options: ReportOptions;
  readonly #file: DeferredFile;
  #recorder: SeriesRecorder | undefined;

  /** @throws {UsageError} If the file cannot be written. */
  static async open(options: ReportOptions): Promise<RunPage> {
    return new RunPage(options, await DeferredFile.open(options.path, "--report"));
  }

  private constructor(options: ReportOptions, file: DeferredFile) {
    this.#options = options;
    this.#file = file;
  }

  /** Begins to record the run. */
  start(takeSnapshot: () => Snapshot): void {
    this.#recorder = new SeriesRecorder(takeSnapshot);
    this.#recorder.start();
  }

  /**
   * Writes the page.
   *
   * @param before the state of a resumed run in its journal
   * @throws {OutputError} If the file cannot be written.
   */
  async finish(
    snapshot: Snapshot,
    { version, before }: { version: string; before: JournalState | undefined },
  ): Promise<void> {
    const { title, command } = this.#options;
    const text = await formatPage({
      summary: roundSummary(toSummary(snapshot, { version })),
      title,
      command,
      madeMs: Date.now(),
      series: this.#recorder?.stop(),
      histogram: [...snapshot.histogram.buckets()],
      hosts: snapshot.hosts,
      workers: snapshot.workers,
      slowest: snapshot.slowest,
      messages: snapshot.messages,
      tolerated: snapshot.tolerated,
      machine: {
        os: `${Deno.build.os} ${Deno.build.arch}`,
        cores: navigator.hardwareConcurrency,
        deno: Deno.version.deno,
      },
      parts: snapshot.resumed && before !== undefined ? toParts(snapshot, before) : undefined,
    });
    await this.#file.write(text);
  }

  /** Stops without a page. */
  async abandon(): Promise<void> {
    this.#recorder?.stop();
    await this.#file.abandon();
  }
}

function toParts(all: Snapshot, { stats, seconds }: JournalState): RunPart[] {
  const { requests, failed } = stats;
  return [
    { name: "Before", requests, failed, seconds },
    {
      name: "Resumed",
      requests: all.requests - requests,
      failed: all.failed - failed,
      seconds: all.seconds - seconds,
    },
  ];
}
