import type { Snapshot } from "../stats/snapshot.ts";
import type { MaybePromise } from "../stream.ts";
import { BarDisplay } from "./bar_display.ts";
import type { Display, DisplayState, Size } from "./display.ts";
import { LOG, NONE } from "./plain_displays.ts";
import { RecentRate } from "./recent_rate.ts";

/** How long a terminal that takes no bytes can delay the end; this can happen twice. */
const STUCK_MS = 1_000;
/**
 * The maximum number of characters of lines that wait for the terminal; lines beyond that are lost.
 */
const MAX_WAITING = 64 * 1024;

/** Options for {@linkcode Progress}. */
export interface ProgressOptions {
  /** `auto` is a bar, and the live view once a run looks long and the terminal is large enough. */
  mode: "auto" | "live" | "bar" | "log" | "none";
  /** Returns the terminal's size now. */
  size(): Size;
  color: boolean;
  /** Milliseconds after which no more requests start; undefined without such an end. */
  durationMs?: number | undefined;
  /** Writes all the bytes. It is not called again before it is done, and it may fail. */
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
 * Shows how far a run is, and lines that others say meanwhile. It does not wait for a terminal that
 * takes no bytes, and what it keeps for such a terminal is bounded.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #display: Display;
  readonly #rate = new RecentRate();
  readonly #now: () => number;
  #startMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The interval of the timer. */
  #everyMs = Infinity;
  #writing: Promise<void> | undefined;
  /** Lines to say once the terminal takes more. At most {@linkcode MAX_WAITING}. */
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

  /** Begins to draw. Its timer does not keep the process alive. */
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
      // The display may have changed, and its interval too.
      this.#setTimer();
    }, everyMs);
    this.#timer.unref();
  }

  /** Draws once, unless the terminal has not taken the last drawing yet. */
  tick(): void {
    if (this.#writing !== undefined) return;
    this.#write(this.#display.show(this.#toState(this.#options.takeSnapshot())));
  }

  /** Shows a line that stays above the drawing, as soon as the terminal takes it. */
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

  /** Another program had the terminal for a while, as after Ctrl-Z. */
  forget(): void {
    this.#display.forget();
  }

  #toState(snapshot: Snapshot): DisplayState {
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
      // A run continues when its standard error is closed.
    }
  }

  /**
   * Ends the display, and leaves the cursor at the beginning of an empty line. A bar is erased, the
   * live view stays.
   *
   * @param last the last state, which the live view shows
   */
  async stop(last?: Snapshot): Promise<void> {
    clearInterval(this.#timer);
    await this.#waitForWrite();
    if (this.#writing !== undefined) return;
    this.#write(this.#display.end(last === undefined ? undefined : this.#toState(last)));
    await this.#waitForWrite();
  }

  /** Ends the display at once. @returns the text to write before anything else */
  abandon(): string {
    clearInterval(this.#timer);
    // A terminal that takes no bytes would delay the end.
    return this.#writing === undefined ? this.#display.end(undefined) : "";
  }

  async #waitForWrite(): Promise<void> {
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
