import {
  type Activity,
  addActivities,
  IDLE,
  type KnownWorkers,
  sumCounts,
} from "../run/pipeline.ts";
import type { WorkerFigures, WorkerState } from "../stats/snapshot.ts";
import { unpackStats } from "../stats/packed_stats.ts";
import type { Stats, StatsDelta } from "../stats/stats.ts";
import { formatCount } from "../text/format.ts";
import type { Live, Notice } from "./messages.ts";

/** A worker that has told nothing for so long counts as silent. */
export const SILENT_MS = 3_000;
/** How long a run waits for workers before it says so. */
const LONELY_MS = 10_000;
/** The clock of deaths stands still when nobody is heard for longer: it is the bus that is away. */
const MAX_STEP_MS = 2_000;
/** The maximum number of workers that are known, at once and in all. */
const MAX_WORKERS = 1_000;
/** The maximum number of words that are remembered as said. */
const MAX_SAID = 100;
/** Workers say the same for so long without being heard twice. */
const SAME_MS = 10_000;
/** The maximum number of notices of workers, and of those that are gone. */
const MAX_TOLD = 50;

/** What is needed to know the workers of a run. */
export interface LiveWorkersOptions {
  /** How long a worker may be silent before its slices go to others, in milliseconds. */
  readonly lostAfterMs: number;
  /** The version of the program. */
  readonly version: string;
  /** The command that starts a worker. */
  readonly command: string;
  /** Whether a slice is out: what is said of others is left out, so they are bounded as well. */
  isOut(id: string): boolean;
  /** Called with what the user should know; it can hold what a server sent. */
  onNotice(text: string): void;
  /** The time in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** A worker, and what it told last. */
interface Known {
  live: Live;
  /** When it was heard of last. */
  heardMs: number;
  /** The same by the clock of deaths. */
  aliveMs: number;
  state: "here" | "gone" | "left";
  /** Processor time that it had spent before this process heard of it. */
  readonly cpuBefore: number;
  /** The number of the next notice to tell. */
  nextNotice: number;
  requests: number;
  slices: number;
}

/** What a worker has counted of a slice that is not committed. */
interface Open {
  readonly worker: string;
  readonly requests: number;
  readonly delta: StatsDelta;
}

/**
 * What is known of the workers of a run, by what they tell once a second.
 *
 * What they have counted is kept by the slice, so that what is collected takes the place of what was
 * told of it: nothing counts twice, and nothing goes and comes back. Of several workers that do the
 * same slice, the one that is furthest counts. What a worker has counted and not committed is lost
 * with it.
 */
export class LiveWorkers implements KnownWorkers {
  readonly #options: LiveWorkersOptions;
  readonly #now: () => number;
  /** Since when it can be known that nobody is here. */
  #sinceMs: number;
  #lookedMs: number;
  /** By name, in the order in which they came; at most {@linkcode MAX_WORKERS}. */
  readonly #workers = new Map<string, Known>();
  /** By slice; at most as many as are out. */
  readonly #open = new Map<string, Open>();
  /** Time in which workers were heard, in milliseconds. */
  #clockMs = 0;
  #heardMs: number;
  /** The most that were here at once, and their processes. */
  #most = 0;
  #mostProcesses = 0;
  /** What those have used that are not known any more. */
  #forgotten: Usage = { cpuSeconds: 0, peakRssKb: 0 };
  readonly #engines = new Set<string>();
  readonly #transports = new Set<string>();
  /** When it was said last that no worker is here; undefined while one is. */
  #lonelyMs: number | undefined;
  /** What was said, by its words without numbers, and when. At most {@linkcode MAX_SAID}. */
  readonly #said = new Map<string, number>();
  #toldCount = 0;

  /** @param isAttached whether workers may have begun before this process */
  constructor(options: LiveWorkersOptions, readonly isAttached: boolean = false) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#sinceMs = this.#lookedMs = this.#heardMs = this.#now();
  }

  /** Takes what a worker tells. */
  hear(live: Live): void {
    const now = this.#now();
    this.#clockMs += Math.min(now - this.#heardMs, MAX_STEP_MS);
    this.#heardMs = now;
    const known = this.#workers.get(live.worker) ?? this.#meet(live);
    if (known === undefined) return;
    known.live = live;
    known.heardMs = now;
    known.aliveMs = this.#clockMs;
    const hasLeft = live.isShut && live.open.length === 0;
    known.state = hasLeft ? "left" : "here";
    this.#hearEngine(live);
    for (const slice of live.open) {
      if (slice.stats === undefined || !this.#options.isOut(slice.id)) continue;
      const { requests } = slice.stats;
      const other = this.#open.get(slice.id);
      if (other !== undefined && other.worker !== live.worker && other.requests > requests) {
        continue;
      }
      this.#open.set(slice.id, { worker: live.worker, requests, delta: unpackStats(slice.stats) });
    }
    for (const notice of live.notices) this.#hearNotice(notice, known);
    const { heard } = this;
    this.#most = Math.max(this.#most, heard.length);
    const { size } = new Set(heard.map(({ worker }) => toProcess(worker)));
    this.#mostProcesses = Math.max(this.#mostProcesses, size);
    if (hasLeft || this.#lonelyMs === undefined) return;
    this.#lonelyMs = undefined;
    // What was said before is not true any more.
    this.#options.onNotice("a worker is here");
  }

  #meet(live: Live): Known | undefined {
    if (this.#workers.size >= MAX_WORKERS && !this.#forgetOne()) return undefined;
    const known: Known = {
      live,
      heardMs: 0,
      aliveMs: 0,
      state: "here",
      cpuBefore: this.isAttached ? live.cpuSeconds : 0,
      nextNotice: 0,
      requests: 0,
      slices: 0,
    };
    this.#workers.set(live.worker, known);
    return known;
  }

  /** Makes room: of workers that are not here any more, the first one goes. */
  #forgetOne(): boolean {
    for (const [name, known] of this.#workers) {
      if (known.state === "here") continue;
      const { cpuSeconds, peakRssKb } = this.#forgotten;
      this.#forgotten = {
        cpuSeconds: cpuSeconds + countCpuSeconds(known),
        peakRssKb: Math.max(peakRssKb, known.live.peakRssKb),
      };
      return this.#workers.delete(name);
    }
    return false;
  }

  #hearEngine({ engine, transport }: Live): void {
    if (engine === "") return;
    for (const name of engine.split("+")) {
      if (this.#engines.size < MAX_SAID) this.#engines.add(name);
    }
    this.#transports.add(transport);
  }

  #hearNotice({ k, text }: Notice, known: Known): void {
    if (k < known.nextNotice) return;
    known.nextNotice = k + 1;
    this.#sayOnce(`worker ${known.live.worker}: ${text}`, text);
  }

  /** Says something, unless it was said a moment ago. @param text what is to be said once */
  #sayOnce(line: string, text: string = line): void {
    const now = this.#now();
    const words = text.replaceAll(/\d+/g, "0");
    const saidMs = this.#said.get(words);
    this.#said.delete(words);
    this.#said.set(words, now);
    if (this.#said.size > MAX_SAID) this.#said.delete(this.#said.keys().next().value!);
    if (saidMs !== undefined && now - saidMs < SAME_MS) return;
    this.#tell(line);
  }

  #tell(text: string): void {
    if (++this.#toldCount < MAX_TOLD) this.#options.onNotice(text);
    else if (this.#toldCount === MAX_TOLD) {
      this.#options.onNotice(`${text}; more of the workers is not told`);
    }
  }

  /** Takes note of a worker that leaves at once, since it does not fit the run. */
  refuse(theirVersion: string): void {
    const { version } = this.#options;
    this.#sayOnce(
      theirVersion === version
        ? "a worker has come without the key of this run, or with one though the run has none: " +
          "give it the same --cluster-key"
        : `a worker of myriad ${theirVersion} has come, and this is myriad ${version}: use the ` +
          "same version everywhere",
    );
  }

  /** Takes note that a slice was collected, or that nothing is to come of it under its id. */
  settle(id: string, by?: { readonly worker: string; readonly requests: number }): void {
    this.#open.delete(id);
    const known = by && this.#workers.get(by.worker);
    if (known === undefined) return;
    known.requests += by!.requests;
    known.slices++;
  }

  /** Looks who is gone, and whether anybody is here. To be called about once a second. */
  look(): void {
    const now = this.#now();
    // This process did not run: what was told meanwhile is not heard yet.
    if (now - this.#lookedMs > LONELY_MS / 2) this.#sinceMs = now;
    this.#lookedMs = now;
    const { lostAfterMs } = this.#options;
    for (const [name, known] of this.#workers) {
      if (known.state !== "here" || this.#clockMs - known.aliveMs <= lostAfterMs) continue;
      known.state = "gone";
      this.#tell(
        `worker ${name} is gone: nothing was heard of it for ${
          formatCount(Math.round((now - known.heardMs) / 1_000))
        } s; others get what it held`,
      );
    }
    for (const [id, { worker }] of this.#open) if (this.#hasLost(worker)) this.#open.delete(id);
    this.#lookForAny(now);
  }

  /** Whether a worker delivers nothing any more of what it has counted. */
  #hasLost(name: string): boolean {
    const known = this.#workers.get(name);
    return known === undefined || known.state === "gone" || known.live.gaveUp !== null;
  }

  #lookForAny(now: number): void {
    if (this.#lonelyMs !== undefined) return;
    let lastMs = this.#sinceMs;
    for (const { heardMs } of this.#workers.values()) lastMs = Math.max(lastMs, heardMs);
    if (now - lastMs < LONELY_MS) return;
    this.#lonelyMs = now;
    const { onNotice, command } = this.#options;
    onNotice(
      this.#workers.size === 0
        ? `no worker has come yet: start workers by '${command}'`
        : `no worker is heard of: if all are gone, start others by '${command}'`,
    );
  }

  /** Nothing is to come any more: only what is collected counts from now on. */
  end(): void {
    this.#open.clear();
  }

  #state({ state, heardMs }: Known): WorkerState {
    if (state !== "here") return state;
    return this.#now() - heardMs > SILENT_MS ? "silent" : "busy";
  }

  #list(state: WorkerState): Live[] {
    return [...this.#workers.values()].filter((known) => this.#state(known) === state)
      .map(({ live }) => live);
  }

  /** What those that were heard lately told. */
  get heard(): readonly Live[] {
    return this.#list("busy");
  }

  /** The most that were here at once. */
  get most(): number {
    return this.#most;
  }

  /** The most processes that were here at once: each can have several threads. */
  get mostProcesses(): number {
    return this.#mostProcesses;
  }

  /** What happens in all of them now, and what has run out in any of them so far. */
  get activity(): Activity {
    const now = this.heard.map(({ activity }) => activity).reduce(addActivities, IDLE);
    const shortages = this.#workers.values().reduce(
      (sums, { live }) => sumCounts(sums, live.activity.shortages),
      {},
    );
    return { ...now, shortages };
  }

  /** The engines that have made requests, and their transports. */
  get engine(): { readonly name: string; readonly transport: "portable" | "native" } {
    const [transport = "portable"] = this.#transports as Set<"portable" | "native">;
    return { name: [...this.#engines].sort().join("+"), transport };
  }

  /** The processor time of all workers so far, and the most memory that one of them had. */
  get usage(): Usage {
    let { cpuSeconds, peakRssKb } = this.#forgotten;
    // Threads of one process tell all of its processor time.
    const processes = new Map<string, number>();
    for (const [name, known] of this.#workers) {
      const process = toProcess(name);
      const most = Math.max(processes.get(process) ?? 0, countCpuSeconds(known));
      processes.set(process, most);
      peakRssKb = Math.max(peakRssKb, known.live.peakRssKb);
    }
    for (const seconds of processes.values()) cpuSeconds += seconds;
    return { cpuSeconds, peakRssKb };
  }

  get figures(): readonly WorkerFigures[] {
    return Array.from(this.#workers, ([name, known]) => {
      const { live, requests, slices } = known;
      const state = this.#state(known);
      const isBusy = state === "busy";
      return {
        name,
        state,
        rate: isBusy ? live.rate : 0,
        inFlight: isBusy ? live.activity.inFlight : 0,
        open: isBusy ? live.open.length : 0,
        loopBusy: isBusy ? live.loopBusy : 0,
        rssBytes: isBusy ? live.rssBytes : 0,
        requests,
        slices,
        peakRssKb: live.peakRssKb,
        cpuSeconds: countCpuSeconds(known),
      };
    });
  }

  /** Statistics of what is collected, with what is open. */
  addTo(collected: Stats): Stats {
    if (this.#open.size === 0) return collected;
    return collected.plus(this.#open.values().map(({ delta }) => delta));
  }
}

type Usage = KnownWorkers["usage"];

function countCpuSeconds({ live, cpuBefore }: Known): number {
  return Math.max(0, live.cpuSeconds - cpuBefore);
}

/** The name of the process that a worker is a thread of: `NAME` of `NAME-0`. */
export function toProcess(worker: string): string {
  return worker.replace(/-\d+$/, "");
}
