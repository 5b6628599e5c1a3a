import type { Snapshot } from "../stats/snapshot.ts";
import type { MaybePromise } from "../stream.ts";
import { BarDisplay } from "./bar_display.ts";
import type { Display, Moment, Size } from "./display.ts";
import { LOG, NONE } from "./plain_displays.ts";
import { RecentRate } from "./recent_rate.ts";

/** How long a terminal that takes nothing can hold up the end, twice at most. */
const STUCK_MS = 1_000;
/** Most characters of others' lines that wait for the terminal; what is beyond is lost. */
const MAX_WAITING = 64 * 1024;

/** Options for {@linkcode Progress}. */
export interface ProgressOptions {
  /** `auto` is a bar, and the live view once a run looks long and the terminal is large enough. */
  mode: "auto" | "live" | "bar" | "log" | "none";
  /** The terminal's size now. */
  size(): Size;
  color: boolean;
  /** Milliseconds after which no more requests start; undefined without such an end. */
  durationMs?: number | undefined;
  /** Writes all of it; it is not called again before it is done. It may fail. */
  write(bytes: Uint8Array): MaybePromise<void>;
  takeSnapshot(): Snapshot;
  /** The time in milliseconds. @default {performance.now} */
  now?: () => number;
  /** Milliseconds that {@linkcode Progress.stop} waits for a write. @default {1000} */
  stuckMs?: number;
}

/** The live view is most of the code here, and loaded only by a run that can come to it. */
const DISPLAYS: Record<
  ProgressOptions["mode"],
  (options: { color: boolean }) => MaybePromise<Display>
> = {
  auto: async (options) => {
    const [{ AutoDisplay }, { LiveDisplay }] = await Promise.all([
      import("./auto_display.ts"),
      import("./live/live_display.ts"),
    ]);
    return new AutoDisplay(new BarDisplay(options), new LiveDisplay(options));
  },
  live: async (options) => {
    const { LiveDisplay } = await import("./live/live_display.ts");
    return new LiveDisplay(options);
  },
  bar: (options) => new BarDisplay(options),
  log: () => LOG,
  none: () => NONE,
};

const encoder = new TextEncoder();

/**
 * Shows how far a run is, and what there is to be said meanwhile. A terminal that takes nothing is
 * not waited for, and nothing piles up for it.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #display: Display;
  readonly #rate = new RecentRate();
  readonly #now: () => number;
  #startMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** What the timer is set to. */
  #everyMs = Infinity;
  #writing: Promise<void> | undefined;
  /** What is to be said once the terminal takes more. At most {@linkcode MAX_WAITING}. */
  #waiting = "";

  /** Makes one that shows nothing before {@linkcode start}. */
  static async open(options: ProgressOptions): Promise<Progress> {
    return new Progress(options, await DISPLAYS[options.mode](options));
  }

  private constructor(options: ProgressOptions, display: Display) {
    this.#options = options;
    this.#display = display;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Begins to draw; that alone keeps no process alive. */
  start(): void {
    if (this.#display.everyMs === Infinity) return;
    this.#startMs = this.#now();
    this.#rate.update(this.#options.takeSnapshot(), this.#startMs);
    this.#setTimer();
  }

  #setTimer(): void {
    const { everyMs } = this.#display;
    if (everyMs === this.#everyMs) return;
    this.#everyMs = everyMs;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.tick();
      // The display can have become another.
      this.#setTimer();
    }, everyMs);
    this.#timer.unref();
  }

  /** Draws once, unless what was drawn before has not been taken yet. */
  tick(): void {
    if (this.#writing !== undefined) return;
    this.#write(this.#display.show(this.#momentOf(this.#options.takeSnapshot())));
  }

  /** Shows a line that stays, above what is drawn; as soon as the terminal takes it. */
  say(line: string): void {
    if (this.#waiting.length + line.length < MAX_WAITING) this.#waiting += `${line}\n`;
    this.#sayWaiting();
  }

  #sayWaiting(): void {
    if (this.#writing !== undefined || this.#waiting === "") return;
    const lines = this.#waiting;
    this.#waiting = "";
    this.#write(this.#display.say(lines, this.#options.size()));
  }

  /** The terminal was another's for a while, as when the process was stopped by Ctrl-Z. */
  forget(): void {
    this.#display.forget();
  }

  #momentOf(snapshot: Snapshot): Moment {
    const { durationMs, size } = this.#options;
    const ms = this.#now();
    const elapsedMs = ms - (this.#startMs ?? ms);
    return {
      snapshot,
      rate: this.#rate.update(snapshot, ms),
      ms,
      elapsedMs,
      limit: durationMs === undefined ? undefined : { durationMs, elapsedMs },
      size: size(),
    };
  }

  #write(text: string): void {
    if (text === "") return;
    this.#writing = this.#tryWrite(text).finally(() => {
      this.#writing = undefined;
      this.#sayWaiting();
    });
  }

  async #tryWrite(text: string): Promise<void> {
    try {
      await this.#options.write(encoder.encode(text));
    } catch {
      // A closed stderr is no reason to end a run.
    }
  }

  /**
   * Ends it: what is printed next stands at the beginning of an empty line. A bar is taken away, the
   * live view stays.
   *
   * @param last what the live view is to show then
   */
  async stop(last?: Snapshot): Promise<void> {
    clearInterval(this.#timer);
    await this.#written();
    if (this.#writing !== undefined) return;
    this.#write(this.#display.end(last === undefined ? undefined : this.#momentOf(last)));
    await this.#written();
  }

  /** Ends it at once. @returns what is to be written before anything else */
  abandon(): string {
    clearInterval(this.#timer);
    // A terminal that takes nothing would hold up the end.
    return this.#writing === undefined ? this.#display.end(undefined) : "";
  }

  async #written(): Promise<void> {
    const { stuckMs = STUCK_MS } = this.#options;
    let isStuck = false;
    let timer;
    const stuck = new Promise<void>((resolve) =>
      timer = setTimeout(() => {
        isStuck = true;
        resolve();
      }, stuckMs)
    );
    while (this.#writing !== undefined && !isStuck) await Promise.race([this.#writing, stuck]);
    clearTimeout(timer);
  }
}
