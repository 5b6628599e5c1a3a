import { openFailureEncoder, openRecordEncoder } from "../output/open_output.ts";
import type { RunOptions } from "../options/run_options.ts";
import { createHostCheck } from "../process/permission.ts";
import { openEngine } from "../run/open_engine.ts";
import { Pipeline } from "../run/pipeline.ts";
import { PreciseTimer } from "../schedule/precise_timer.ts";
import { REAL_ENVIRONMENT } from "../schedule/schedule.ts";
import { openMaker } from "../source/make_target.ts";
import { addIds } from "../source/request_id.ts";
import { Targets } from "../source/targets.ts";
import { decodeBlock } from "./block.ts";
import type { Lease, RunBus } from "./bus.ts";
import { LiveTeller } from "./live_teller.ts";
import type { Control } from "./messages.ts";
import { OpenSlice } from "./open_slice.ts";
import { encodePart } from "./part.ts";
import { refuseUnsafe } from "./refuse_unsafe.ts";
import { SliceSource } from "./slice_source.ts";
import { SliceStats } from "./slice_stats.ts";
import type { Spec } from "./spec.ts";
import { TurnPacer } from "./turn_pacer.ts";

/** The maximum number of slices that a worker holds: a slow request keeps its slice open. */
const MAX_OPEN = 8;
/** How long requests in flight may continue after the last start. */
const GRACE_MS = 5_000;

/** One worker of a run: an event loop with one pipeline over all slices that it is given. */
export class RunWorker {
  readonly #bus: RunBus;
  readonly #name: string;
  readonly #spec: Spec;
  readonly #options: RunOptions;
  readonly #open: OpenSlice[] = [];
  readonly #source = new SliceSource(() => void this.#fetch());
  /** Commits on their way, by the id of their slice. */
  readonly #committing = new Map<string, Promise<void>>();
  #last: OpenSlice | undefined;
  #pipeline!: Pipeline<SliceStats>;
  #isFetching = false;
  #wantsMore = false;
  #isLeaving = false;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(bus: RunBus, { name, spec, options }: {
    name: string;
    spec: Spec;
    options: RunOptions;
  }) {
    this.#bus = bus;
    this.#name = name;
    this.#spec = spec;
    this.#options = options;
  }

  /** Works until the run is over, or {@linkcode leave}. */
  async run(): Promise<void> {
    const options = this.#options;
    const { columns, hasOneHost, ids, lostAfterMs } = this.#spec;
    const make = refuseUnsafe(
      await openMaker({ ...options, template: options.url }, columns),
      options,
    );
    const { engine, check } = await openEngine(options, {
      permits: createHostCheck(),
      cookies: undefined,
      bodyFor: undefined,
      onSinkFailure: (error) => this.#pipeline.fail(error),
    });
    const { rate, rampUpMs } = options;
    const timer = rate === undefined ? undefined : await PreciseTimer.open();
    const pacer = rate === undefined ? undefined : await TurnPacer.open(
      this.#bus,
      { rate, rampUpMs, worker: this.#name },
      REAL_ENVIRONMENT,
    );
    const pipeline = this.#pipeline = new Pipeline(
      {
        source: new Targets(this.#source, ids === null ? make : addIds(make, ids)),
        engine,
        check,
        stats: new SliceStats((i) => this.#find(i), () => this.#last!),
        timer,
        openPacer: pacer && ((wake) => {
          pacer.onChange = wake;
          pacer.onFailure = (error) => this.#pipeline.fail(error);
          return pacer;
        }),
      },
      { ...options, durationMs: undefined, hasOneHost, isResumable: true },
      {
        onResult: (result) => {
          const slice = this.#find(result.target.i);
          slice.write(result);
          teller.countResult();
          if (slice.isWhole) this.#finish(slice);
        },
        onNotice: (text) => teller.addNotice(text),
      },
    );
    const teller = new LiveTeller(
      this.#name,
      { pipeline, open: this.#open, committing: this.#committing },
      (live) => this.#bus.tellLive(live),
    );
    const stopWatching = await this.#bus.watchControl((control) => this.#take(control));
    const keeping = setInterval(() => this.#keep(), lostAfterMs / 3);
    teller.start();
    void this.#fetch();
    try {
      await this.#pipeline.run();
    } finally {
      this.#isLeaving = true;
      clearTimeout(this.#grace);
      pacer?.close();
      await this.#pipeline.close();
      for (const slice of [...this.#open]) {
        if (slice.doneCount > 0) this.#finish(slice);
        else {
          this.#drop(slice);
          slice.lease.giveBack();
        }
      }
      await Promise.all(this.#committing.values());
      teller.stop();
      clearInterval(keeping);
      stopWatching();
    }
  }

  /** Starts no more requests; what is done so far is committed. */
  leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#pipeline.stop();
    this.#grace = setTimeout(() => this.#pipeline.cancel(), GRACE_MS);
  }

  #take(control: Control): void {
    if (control !== "run") this.leave();
  }

  #find(i: number): OpenSlice {
    if (this.#last === undefined || !this.#last.has(i)) {
      this.#last = this.#open.find((slice) => slice.has(i))!;
    }
    return this.#last;
  }

  /** Fetches the next slice, once one is wanted and there is room for it. */
  async #fetch(): Promise<void> {
    this.#wantsMore = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    while (this.#wantsMore && !this.#isLeaving && this.#open.length < MAX_OPEN) {
      const lease = await this.#bus.nextSlice();
      if (lease === undefined) continue;
      if (this.#isLeaving) lease.giveBack();
      else await this.#begin(lease);
    }
    this.#isFetching = false;
  }

  async #begin(lease: Lease): Promise<void> {
    const { id, count, block } = lease.slice;
    if (lease.delivery > 1 && await this.#bus.readCommit(id) !== undefined) {
      return lease.acknowledge();
    }
    const options = this.#options;
    const gzipped = options.output && { ...options.output, gzip: true };
    const slice = new OpenSlice({
      lease,
      records: block &&
        decodeBlock(this.#bus.codec.open("block", id, await this.#bus.read(block)), count),
      step: options.shard.count,
      stats: options,
      encoders: {
        records: gzipped && await openRecordEncoder({ ...options, output: gzipped }),
        failures: options.failures === undefined ? undefined : await openFailureEncoder(options),
      },
    });
    this.#open.push(slice);
    this.#last ??= slice;
    this.#wantsMore = false;
    this.#source.add(slice);
  }

  #drop(slice: OpenSlice): void {
    this.#open.splice(this.#open.indexOf(slice), 1);
    if (this.#last === slice) this.#last = this.#open[0];
    if (this.#wantsMore) void this.#fetch();
  }

  #finish(slice: OpenSlice): void {
    this.#drop(slice);
    const { id } = slice.lease.slice;
    this.#committing.set(id, this.#commit(slice).finally(() => this.#committing.delete(id)));
  }

  async #commit(slice: OpenSlice): Promise<void> {
    const { lease: { slice: { id }, delivery } } = slice;
    const count = slice.doneCount;
    const part = await this.#bus.store(
      `part.${id}.${crypto.randomUUID()}`,
      this.#bus.codec.seal("part", id, encodePart(slice.toPart())),
    );
    const stands = await this.#bus.commit({ id, worker: this.#name, delivery, count, part });
    if (!stands) await this.#bus.drop(part);
    slice.lease.acknowledge();
  }

  #keep(): void {
    for (const { lease } of this.#open) lease.keep();
  }
}
