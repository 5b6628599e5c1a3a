import process from "node:process";
import { EventLoopLoad } from "../process/event_loop_load.ts";
import { PeakMemory } from "../process/peak_memory.ts";
import type { Pipeline } from "../run/pipeline.ts";
import {
  type Live,
  type LiveSlice,
  MAX_NOTICE_LENGTH,
  MAX_NOTICES,
  type Notice,
} from "./messages.ts";
import type { OpenSlice } from "./open_slice.ts";

/** How often a worker tells what it does. */
const LIVE_MS = 1_000;
/** How many times in a row a notice is told, as a message may be lost. */
const TIMES = 3;
/** After so many messages, the figures of a slice are told again, though they are the same. */
const AGAIN = 10;
/** A message with so many characters of figures takes no more of them: others come in the next. */
const FULL_LENGTH = 12 * 1024;

/** What a worker tells about. */
export interface LiveSource {
  readonly pipeline: Pick<Pipeline, "activity" | "engine" | "isShut">;
  readonly open: readonly OpenSlice[];
  /** Slices that are done and not committed yet, by id. */
  readonly committing: Pick<ReadonlyMap<string, unknown>, "keys">;
}

/** What was told of a slice: its number of results, and in which message. */
interface Told {
  readonly count: number;
  readonly message: number;
}

/** Tells once a second what a worker does, in messages of bounded size. */
export class LiveTeller {
  readonly #name: string;
  readonly #source: LiveSource;
  readonly #send: (live: Live) => void;
  readonly #loop = new EventLoopLoad();
  readonly #peak = new PeakMemory();
  readonly #startCpuSeconds = readUsage().cpuSeconds;
  #timer: ReturnType<typeof setInterval> | undefined;
  #message = 0;
  /** How many requests have their result, and how many had it when it last told. */
  #resultCount = 0;
  #toldCount = 0;
  #toldMs = performance.now();
  /** Of the slices that were open when it last told. */
  #told = new Map<string, Told>();
  #noticeCount = 0;
  /** The oldest first; at most {@linkcode MAX_NOTICES}. */
  #notices: { readonly notice: Notice; times: number }[] = [];

  /** @param name the worker's */
  constructor(name: string, source: LiveSource, send: (live: Live) => void) {
    this.#name = name;
    this.#source = source;
    this.#send = send;
  }

  start(): void {
    this.#loop.start();
    this.#timer = setInterval(() => this.tell(), LIVE_MS);
  }

  /** Tells a last time. @param gaveUp why it leaves, if it could not reach anything */
  stop(gaveUp?: string): void {
    clearInterval(this.#timer);
    this.#loop.stop();
    this.tell(gaveUp);
  }

  /** Counts a result. */
  countResult(): void {
    this.#resultCount++;
  }

  /** Takes what the user who has submitted the run should know. It can hold what a server sent. */
  addNotice(text: string): void {
    if (this.#notices.length >= MAX_NOTICES) return;
    const notice = { k: this.#noticeCount++, text: cut(text) };
    this.#notices.push({ notice, times: 0 });
  }

  /** Tells what the worker does now. @param gaveUp why it leaves, if it could not reach anything */
  tell(gaveUp?: string): void {
    const { pipeline: { activity, engine, isShut } } = this.#source;
    const nowMs = performance.now();
    const rate = (this.#resultCount - this.#toldCount) / Math.max(nowMs - this.#toldMs, 1) * 1e3;
    this.#toldCount = this.#resultCount;
    this.#toldMs = nowMs;
    this.#message++;
    const notices = this.#notices.map(({ notice }) => notice);
    for (const one of this.#notices) one.times++;
    this.#notices = this.#notices.filter(({ times }) => times < TIMES);
    const { cpuSeconds, maxRss } = readUsage();
    this.#send({
      worker: this.#name,
      activity,
      engine: engine.name,
      transport: engine.transport,
      loopBusy: this.#loop.busy,
      rate,
      rssBytes: Deno.memoryUsage().rss,
      peakRssKb: this.#peak.update(maxRss),
      cpuSeconds: cpuSeconds - this.#startCpuSeconds,
      isShut,
      gaveUp: gaveUp === undefined ? null : cut(gaveUp),
      notices,
      open: this.#tellSlices(),
    });
  }

  #tellSlices(): LiveSlice[] {
    const before = this.#told;
    this.#told = new Map();
    // Those that were not told for the longest time come first.
    const open = this.#source.open.map((slice) => {
      const { id } = slice.lease.slice;
      return { slice, id, told: before.get(id) ?? { count: 0, message: -AGAIN } };
    }).sort((a, b) => a.told.message - b.told.message);
    let room = FULL_LENGTH;
    const done = Array.from(this.#source.committing.keys(), (id) => ({ id }));
    return open.map<LiveSlice>(({ slice, id, told }) => {
      const count = slice.doneCount;
      const isNews = count !== told.count ||
        count > 0 && this.#message - told.message >= AGAIN;
      const stats = isNews && room > 0 ? slice.stats.toJSON() : undefined;
      this.#told.set(id, stats === undefined ? told : { count, message: this.#message });
      if (stats === undefined) return { id };
      room -= JSON.stringify(stats).length;
      return { id, stats };
    }).concat(done);
  }
}

function cut(text: string): string {
  return text.slice(0, MAX_NOTICE_LENGTH).toWellFormed();
}

function readUsage(): { readonly cpuSeconds: number; readonly maxRss: number } {
  const { userCPUTime, systemCPUTime, maxRSS: maxRss } = process.resourceUsage();
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, maxRss };
}
